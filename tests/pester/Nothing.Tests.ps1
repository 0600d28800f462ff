#Requires -Version 7.6
# What a pattern that matches nothing means to each command.
BeforeDiscovery {
    $acting = @(
        @{ Name = 'New-FullBackup'; Options = @{ DestinationPath = 'to' } }
        @{ Name = 'New-IncrementalBackup'; Options = @{ DestinationPath = 'to' } }
        @{ Name = 'Restore-BackupChain'; Options = @{ DestinationPath = 'to' } }
        @{ Name = 'Merge-BackupChain'; Options = @{ DestinationPath = 'to' } }
        @{ Name = 'Copy-BackupChain'; Options = @{ DestinationPath = 'to' } }
        @{ Name = 'Remove-ExpiredBackup'; Options = @{ KeepLast = 1; Confirm = $false } }
    )
    $asking = 'Get-BundleHeader', 'Get-BackupChain', 'Test-BackupChain'
}

BeforeAll {
    . "$PSScriptRoot/Support.ps1"
}

Describe 'a pattern that matches nothing' {
    BeforeEach {
        $folder = New-TestFolder
        Set-Location -LiteralPath $folder
    }

    AfterEach {
        Set-Location -LiteralPath $PSScriptRoot
        Get-Tree $folder | Should -BeNullOrEmpty
    }

    It 'is an error of <Name>, as nothing was done' -ForEach $acting {
        & $Name -Path 'none*such' @Options -ErrorVariable errors -ErrorAction SilentlyContinue | Should -BeNullOrEmpty
        $errors.Count | Should -Be 1
        $errors[0].FullyQualifiedErrorId | Should -BeLike 'PathNotFound,BackupTools.PowerShell.Commands.*'
        $errors[0].CategoryInfo.TargetName | Should -BeExactly 'none*such'
    }

    It 'is one in a folder that does not exist either: <Name>' -ForEach $acting {
        { & $Name -Path 'none/*' @Options -ErrorAction Stop } | Should -Throw -ErrorId 'PathNotFound,*'
    }

    It 'is an empty answer of <_>' -ForEach $asking {
        & $_ -Path 'none*such' -ErrorAction Stop | Should -BeNullOrEmpty
    }

    It 'that was not tested is covered: no command that acts is missing here' -ForEach @{ Acting = $acting.Name } {
        $all = (Get-Command -Module BackupTools -CommandType Cmdlet).Where({ $_.Parameters.ContainsKey('WhatIf') }).Name
        # A report is about what is missing, too; a key is made of nothing: see their own tests.
        $all | Where-Object -FilterScript { $_ -notin $Acting -and $_ -notin 'Export-BackupReport', 'New-BackupKey' } | Should -BeNullOrEmpty
    }
}

#Requires -Version 7.6
# No advice that cannot be followed: each line of the table of errors is brought about, and its advice followed.
BeforeDiscovery {
    . "$PSScriptRoot/Advice.ps1"
    . "$PSScriptRoot/AdviceOfStates.ps1"
    $rows = @(Get-AdviceCase)
    $here = $rows.Where({ $_.ContainsKey('Provoke') })
}

BeforeAll {
    . "$PSScriptRoot/Support.ps1"
    . "$PSScriptRoot/Advice.ps1"
    . "$PSScriptRoot/AdviceOfStates.ps1"
    # The first cmdlet that runs has the library name things as cmdlets do.
    $null = Get-BackupChain -Path "$PSScriptRoot/none*"

    # Changes one bit of a file.
    function Edit-Byte([string] $Path, [int] $At) {
        $bytes = [IO.File]::ReadAllBytes($Path)
        $bytes[$At] = $bytes[$At] -bxor 4
        [IO.File]::WriteAllBytes($Path, $bytes)
    }

    # What most advice leads to: the newest state is restored, as it is or after a new full backup.
    function Test-Restore([psobject] $Sample) {
        $null = Restore-BackupChain -LiteralPath $Sample.Destination -DestinationPath $Sample.Restored
        Test-RestoredState $Sample 2
    }

    function Test-Full([psobject] $Sample) {
        $null = New-FullBackup -LiteralPath $Sample.Source -DestinationPath $Sample.Destination -WarningAction Ignore
        Test-Restore $Sample
    }

    # Both of what is offered where a bundle is damaged, each by itself.
    function Test-CopyOrFull([psobject] $Sample, [string] $Copy) {
        $null = New-FullBackup -LiteralPath $Sample.Source -DestinationPath "$($Sample.Folder)/n"
        foreach ($folder in $Copy, "$($Sample.Folder)/n") {
            $target = "$($Sample.Folder)/$([guid]::NewGuid().ToString('n'))/$($Sample.Case.Restored)"
            $null = Restore-BackupChain -LiteralPath $folder -DestinationPath $target
            if (-not (Test-RestoredState $Sample 2 $target)) {
                return $false
            }
        }
        $true
    }

    # The codes of errors and of findings.
    function Get-Code($Output) {
        foreach ($item in $Output) {
            if ($item -is [System.Management.Automation.ErrorRecord]) {
                for ($error_ = $item.Exception; $error_; $error_ = $error_.InnerException) {
                    if ($error_ -is [BackupTools.Errors.BackupException]) {
                        "$($error_.Code)"
                    }
                }
                $item.FullyQualifiedErrorId.Split(',')[0]
                # Of the console program.
                [regex]::Match("$item", '^error (\w+):').Groups[1].Value
            } elseif ($item -is [BackupTools.Reports.ChainReport]) {
                $item.Problems.Code
            }
        }
    }
}

Describe 'The advice of <Id>' -ForEach $here {
    AfterEach {
        Set-Location -LiteralPath $PSScriptRoot
    }

    It 'can be followed' {
        [BackupTools.Errors.ErrorCodes]::DefaultRecommendation($Id) | Should -BeExactly $Advice
        $s = New-SampleChain ($_.ContainsKey('Engine') ? $_.Engine : 'SQLite')
        $second = "$($s.Folder)/second"
        $null = Copy-BackupChain -LiteralPath $s.Destination -DestinationPath $second
        $was = $ErrorActionPreference
        try {
            $ErrorActionPreference = 'Continue'
            $output = try { . $Provoke 2>&1 3>$null } catch { $_ }
        } finally {
            $ErrorActionPreference = $was
        }
        $ErrorActionPreference = 'Stop'
        @(Get-Code $output) | Should -Contain $Id -Because ($output | Out-String)
        @(. $Follow)[-1] | Should -BeTrue
    }
}

Describe 'The table of errors' {
    It 'has each line tried, here or by a test that is named' {
        $all = Get-AdviceCase
        ($all.Id | Sort-Object) -join "`n" | Should -BeExactly (([enum]::GetNames([BackupTools.Errors.ErrorCode]) | Sort-Object) -join "`n")
        $tests = (Get-ChildItem -Path "$PSScriptRoot/../BackupTools.Core.Tests", "$PSScriptRoot/../crash" -Recurse -Filter *.cs | Get-Content -Raw) -join "`n"
        foreach ($row in $all) {
            $row.Advice | Should -BeExactly ([BackupTools.Errors.ErrorCodes]::DefaultRecommendation($row.Id))
            if ($row.ContainsKey('Elsewhere')) {
                $tests.Contains(" $($row.Elsewhere)(") | Should -BeTrue -Because $row.Elsewhere
            } elseif (-not $row.ContainsKey('None')) {
                $row.Provoke, $row.Follow | Should -Not -BeNullOrEmpty
            }
        }
    }
}

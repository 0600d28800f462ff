#Requires -Version 7.6
BeforeAll {
    . "$PSScriptRoot/Support.ps1"
}

Describe 'New-BackupKey' {
    BeforeEach {
        $folder = New-TestFolder
    }

    It 'writes the secret to the file and shows the public key only' {
        $key = New-BackupKey -Path "$folder/key.txt" -Verbose 4>&1 | Tee-Object -Variable said | Where-Object -FilterScript { $_ -isnot [Management.Automation.VerboseRecord] }
        $said | Out-String | Should -Not -Match 'AGE-SECRET'
        $key | Should -BeOfType BackupTools.Reports.KeyInfo
        $key.Recipient | Should -Match '^age1[a-z0-9]{58}$'
        $key.FullName | Should -Be (ConvertTo-NativePath "$folder/key.txt")
        $key.IsEncrypted | Should -BeFalse
        "$key" | Should -BeExactly $key.Recipient
        $key | Format-List -Property * -Force | Out-String | Should -Not -Match 'AGE-SECRET'
        Get-Content -LiteralPath "$folder/key.txt" -Raw | Should -Match '(?m)^AGE-SECRET-KEY-1[A-Z0-9]{58}$'
    }

    It 'writes nothing over' {
        $null = New-BackupKey -Path "$folder/key.txt"
        $before = Get-Tree $folder
        { New-BackupKey -Path "$folder/key.txt" -ErrorAction Stop } | Should -Throw -ErrorId 'DestinationExists,*'
        Get-Tree $folder | Should -BeExactly $before
    }

    It 'makes nothing with -WhatIf' {
        New-BackupKey -Path "$folder/k/key.txt" -WhatIf | Should -BeNullOrEmpty
        Test-Path -LiteralPath "$folder/k" | Should -BeFalse
    }
}

Describe 'An encrypted copy' {
    BeforeAll {
        $sample = New-SampleChain SPG
        $key = New-BackupKey -Path "$($sample.Folder)/key.txt"
        $e = "$($sample.Folder)/e"
        $null = Copy-BackupChain -LiteralPath $sample.Destination -DestinationPath $e -Recipient $key
    }

    It 'is read by every cmdlet that reads bundles' {
        $with = @{ LiteralPath = $e; IdentityPath = $key.FullName }
        (Get-BundleHeader @with).Id | Should -Be $sample.Bundles.Id
        (Get-BundleHeader @with -Verify).IsValid | Should -Not -Contain $false
        (Get-BackupChain @with).ChainId | Should -Be (Get-BackupChain -LiteralPath $sample.Destination).ChainId
        (Test-BackupChain @with -RestoreDrill).IsValid | Should -BeTrue
        (Export-BackupReport @with -DestinationPath "$($sample.Folder)/page.html").IsHealthy | Should -BeTrue
        (Merge-BackupChain @with -DestinationPath "$($sample.Folder)/m").Kind | Should -Be Full
        $null = Restore-BackupChain @with -DestinationPath $sample.Restored
        Test-RestoredState $sample 2 | Should -BeTrue
    }

    It 'is tested in the pipe and in a job' {
        Get-BackupChain -LiteralPath $e -IdentityPath $key.FullName | Test-BackupChain -IdentityPath $key.FullName -Quiet | Should -BeTrue
        $job = Test-BackupChain -LiteralPath $e -IdentityPath $key.FullName -AsJob | Wait-Job
        ($job | Receive-Job).IsValid | Should -BeTrue
        $job | Remove-Job
    }

    It 'is named as such where no identity is given, and the key as such that does not fit' {
        $other = New-BackupKey -Path "$(New-TestFolder)/other.txt"
        { Get-BackupChain -LiteralPath $e -ErrorAction Stop } | Should -Throw -ErrorId 'IdentityRequired,*'
        { Get-BackupChain -LiteralPath $e -IdentityPath $other.FullName -ErrorAction Stop } | Should -Throw -ErrorId 'IdentityMismatch,*'
    }

    It 'is read with a key that a passphrase protects' {
        $folder = New-TestFolder
        $phrase = ConvertTo-SecureString -String 'correct horse' -AsPlainText -Force
        $mine = New-BackupKey -Path "$folder/key.age" -IdentityPassphrase $phrase
        $mine.IsEncrypted | Should -BeTrue
        $null = Copy-BackupChain -LiteralPath $e -DestinationPath "$folder/e" -IdentityPath $key.FullName -Recipient $mine
        (Get-BackupChain -LiteralPath "$folder/e" -IdentityPath $mine.FullName -IdentityPassphrase $phrase).BundleCount | Should -Be 3
        { Get-BackupChain -LiteralPath "$folder/e" -IdentityPath $mine.FullName -ErrorAction Stop } | Should -Throw -ErrorId 'IdentityRequired,*'
    }
}

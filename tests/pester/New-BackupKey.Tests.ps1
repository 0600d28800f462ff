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

Describe 'A backup for a recipient' {
    BeforeAll {
        $sample = New-Sample SPG
        $key = New-BackupKey -Path "$($sample.Folder)/key.txt"
        Set-TextFile "$($sample.Folder)/key.pub" $key.Recipient
        $e = "$($sample.Folder)/e"
        $to = @{ LiteralPath = $sample.Source; DestinationPath = $e; SpoolPath = "$($sample.Folder)/spool" }
    }

    It 'is encrypted, and continued by what -StatePath keeps' {
        $kept = $to + @{ Recipient = $key.Recipient; StatePath = "$($sample.Folder)/state" }
        (New-FullBackup @kept).Kind | Should -Be Full
        Set-SampleState $sample 1
        { New-IncrementalBackup @to -Recipient $key.Recipient -ErrorAction Stop } | Should -Throw -ErrorId 'IdentityRequired,*'
        (New-IncrementalBackup @kept).Kind | Should -Be Incremental
        Set-SampleState $sample 2
        $made = New-IncrementalBackup @to -RecipientsFile "$($sample.Folder)/key.pub" -IdentityPath $key.FullName
        $made.Kind | Should -Be Incremental
        (Get-BackupChain -LiteralPath $e).BundleCount | Should -Be 3
        $null = Restore-BackupChain -LiteralPath $e -DestinationPath $sample.Restored -IdentityPath $key.FullName
        Test-RestoredState $sample 2 | Should -BeTrue
    }

    It 'is taken in a job, merged in its folder, and refused in clear' {
        $job = New-FullBackup @to -Recipient $key.Recipient -AsJob | Wait-Job
        ($job | Receive-Job).Kind | Should -Be Full
        $job | Remove-Job
        $merge = @{ LiteralPath = $e; DestinationPath = "$($sample.Folder)/m"; SpoolPath = "$($sample.Folder)/spool"; IdentityPath = $key.FullName }
        (Merge-BackupChain @merge -Recipient $key).Kind | Should -Be Full
        Get-ChildItem -LiteralPath "$($sample.Folder)/m" -File | Should -Not -BeNullOrEmpty
        (Get-ChildItem -LiteralPath "$($sample.Folder)/m" -File).Name | Should -Not -Match '\.bkp$'
        { New-FullBackup @to -ErrorAction Stop } | Should -Throw -ErrorId 'InvalidOption,*'
        Get-ChildItem -LiteralPath "$($sample.Folder)/spool" -ErrorAction Ignore | Should -BeNullOrEmpty
    }
}

Describe 'What a killed run left in clear' {
    BeforeAll {
        $folder = "$TestDrive/left"
        $key = New-BackupKey -Path "$folder/key.txt"
        $left = "$folder/spool/.backuptools-1-20200101T000000Z-0123abcd.staging"
        $to = @{ DestinationPath = "$folder/e"; SpoolPath = "$folder/spool"; Recipient = $key.Recipient; ErrorAction = 'SilentlyContinue' }
    }

    BeforeEach {
        $null = New-Item -ItemType Directory -Path $left -Force
    }

    It 'goes though nothing is there to <_>' -ForEach 'back up', 'match', 'merge', 'copy' {
        $act = @{
            'back up' = { New-FullBackup -Path "$folder/gone.db" @to @args }
            'match' = { New-FullBackup -Path "$folder/gone*" @to @args }
            'merge' = { Merge-BackupChain -Path "$folder/gone" @to @args }
            'copy' = { Copy-BackupChain -Path "$folder/gone" @to @args }
        }[$_]
        & $act -WhatIf
        Test-Path -LiteralPath $left | Should -BeTrue
        & $act
        Test-Path -LiteralPath $left | Should -BeFalse
    }
}

Describe 'A secret key in place of a path' {
    It 'is refused and not repeated by <_>' -ForEach 'IdentityPath', 'RecipientsFile', 'SigningKeyPath', 'PassphraseFile' {
        $named = @{ $_ = 'AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX' }
        $sample = New-Sample SPG
        $to = @{ LiteralPath = $sample.Source; DestinationPath = "$($sample.Folder)/e" }
        $failed = { New-FullBackup @to @named -ErrorAction Stop } | Should -Throw -ErrorId 'InvalidOption,*' -PassThru
        "$failed$($failed.ErrorDetails)$($failed.CategoryInfo)" | Should -Not -Match GFPYYSJZ
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

    It 'is listed, compared, copied and pruned where no identity is given, and valid is said of nothing' {
        (Get-BackupChain -LiteralPath $e).Bundles.Id | Should -Be $sample.Bundles.Id
        $report = Test-BackupChain -LiteralPath $e
        $report.IsValid | Should -BeNullOrEmpty
        $report.Checked | Should -BeExactly Outer
        $report | Format-Table | Out-String -Width 300 | Should -Not -Match ' (yes|NO) '
        Test-BackupChain -LiteralPath $e -Quiet | Should -BeFalse
        (Copy-BackupChain -LiteralPath $e -DestinationPath "$($sample.Folder)/e2").Copied.Id | Should -Be $sample.Bundles.Id
        (Remove-ExpiredBackup -LiteralPath "$($sample.Folder)/e2" -KeepLast 1 -PassThru -Confirm:$false).KeptCount | Should -Be 3
    }

    It 'is named as such where contents are asked for, and the key as such that does not fit' {
        $other = New-BackupKey -Path "$(New-TestFolder)/other.txt"
        { Restore-BackupChain -LiteralPath $e -DestinationPath "$($sample.Folder)/none" -ErrorAction Stop } | Should -Throw -ErrorId 'IdentityRequired,*'
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

Describe 'A signed chain' {
    BeforeAll {
        $sample = New-SampleChain SPG
        $signer = New-BackupKey -Path "$($sample.Folder)/sign.txt" -Signing
        $s = "$($sample.Folder)/s"
        $null = Copy-BackupChain -LiteralPath $sample.Destination -DestinationPath $s -SigningKeyPath $signer.FullName
    }

    It 'has a key whose secret stands in its file only' {
        $signer.Recipient | Should -Match '^btsign1[a-z0-9]+$'
        $signer | Format-List -Property * -Force | Out-String | Should -Not -Match 'SIGNING-KEY-1'
        { New-BackupKey -Path "$($sample.Folder)/x.txt" -Signing -PassphraseFile $signer.FullName -ErrorAction Stop } | Should -Throw -ErrorId 'InvalidOption,*'
    }

    It 'is what counts for whoever trusts its signer, and nothing else is' {
        (Get-BackupChain -LiteralPath $s -TrustedKey $signer.Recipient).Bundles.Id | Should -Be $sample.Bundles.Id
        (Test-BackupChain -LiteralPath $s -TrustedKey $signer.Recipient -ExpectedPosition $sample.Bundles[-1].EndPosition).IsValid | Should -BeTrue
        (Test-BackupChain -LiteralPath $s -ExpectedPosition ($sample.Bundles[-1].EndPosition + 1)).IsValid | Should -BeFalse
        { Restore-BackupChain -LiteralPath $sample.Destination -DestinationPath "$($sample.Folder)/none" -TrustedKey $signer.Recipient -ErrorAction Stop } |
            Should -Throw -ErrorId 'SignatureInvalid,*'
        { Get-BackupChain -LiteralPath $s -TrustedKey 'btsign1x' -ErrorAction Stop } | Should -Throw -ErrorId 'InvalidOption,*'
        (Merge-BackupChain -LiteralPath $s -DestinationPath "$($sample.Folder)/sm" -TrustedKey $signer.Recipient -SigningKeyPath $signer.FullName).Kind | Should -Be Full
        (Test-BackupChain -LiteralPath "$($sample.Folder)/sm" -TrustedKey $signer.Recipient).IsValid | Should -BeTrue
    }
}

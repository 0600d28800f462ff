#Requires -Version 7.6
# Rows of a CSV file through the pipe: what they may say, and what becomes of each.
BeforeAll {
    . "$PSScriptRoot/Support.ps1"
}

Describe 'Rows of a CSV file' {
    It 'are backed up each to its own place, with its own options' {
        $spg = New-Sample SPG
        $powdb = New-Sample PowDB
        $sqlite = New-Sample SQLite
        $rows = @(
            'FullName,DestinationPath,Engine,WalPath,IncludeWal,FullIfNeeded'
            '"{0}","{1}",SPG,"{2}",,yes' -f (ConvertTo-NativePath $spg.Source), (ConvertTo-NativePath $spg.Destination), "$($spg.Native)/db/shop.wal"
            '"{0}","{1}",PowDB,,true,no' -f (ConvertTo-NativePath $powdb.Source), (ConvertTo-NativePath $powdb.Destination)
            '"{0}","{1}",SQLite,,,1' -f (ConvertTo-NativePath $sqlite.Source), (ConvertTo-NativePath $sqlite.Destination)
        )
        Set-TextFile -LiteralPath "$($spg.Folder)/jobs.csv" -Value $rows
        $made = Import-Csv -LiteralPath "$($spg.Folder)/jobs.csv" | New-FullBackup -ErrorAction Stop
        $made.Engine | Should -Be 'SPG', 'PowDB', 'SQLite'
        Test-Path -LiteralPath $spg.Destination | Should -BeTrue
        Test-Path -LiteralPath $powdb.Destination | Should -BeTrue
        Set-SampleState $spg 1
        Set-SampleState $powdb 1
        Set-SampleState $sqlite 1
        $made = Import-Csv -LiteralPath "$($spg.Folder)/jobs.csv" | New-IncrementalBackup -ErrorAction Stop
        $made.Kind | Should -Be 'Incremental', 'Incremental', 'Incremental'
        $job = Import-Csv -LiteralPath "$($spg.Folder)/jobs.csv" | New-FullBackup -AsJob | Wait-Job
        $job.State | Should -Be 'Completed' -Because "$($job.Error)"
        ($job | Receive-Job).Engine | Should -Be 'SPG', 'PowDB', 'SQLite'
    }

    It 'name the database in a column Path too, and are refused without any' {
        $spg = New-Sample SPG
        $path = [WildcardPattern]::Escape((ConvertTo-NativePath $spg.Source)) # it is one, as -Path is
        $row = [pscustomobject]@{ Path = $path; DestinationPath = (ConvertTo-NativePath $spg.Destination) }
        ($row | New-FullBackup -ErrorAction Stop).Engine | Should -Be 'SPG'
        { [pscustomobject]@{ Database = 'x'; DestinationPath = 'y' } | New-FullBackup -ErrorAction Stop } |
            Should -Throw -ExpectedMessage '*does not say where the database is*'
    }

    It 'have empty cells for what is not given, the engine''s too' {
        $samples = 'SPG', 'SQLite', 'PowDB', 'Grafeo', 'Alopex' | ForEach-Object { New-Sample $_ }
        $rows = foreach ($sample in $samples) {
            [pscustomobject]@{
                FullName = ConvertTo-NativePath $sample.Source; DestinationPath = ConvertTo-NativePath $sample.Destination
                Engine = ''; WalPath = ''; IncludeWal = ''; NoCursor = ''; ForgetDestination = ''; EngineLayout = ''; FullIfNeeded = ''; AllowEmpty = ''
            }
        }
        # The one cell that PowDB asks for.
        $rows[2].IncludeWal = 'yes'
        $rows | Export-Csv -LiteralPath "$($samples[0].Folder)/jobs.csv"
        (Import-Csv -LiteralPath "$($samples[0].Folder)/jobs.csv" | New-FullBackup -ErrorAction Stop).Engine | Select-Object -Unique |
            Should -Be $samples.Case.Engine
        foreach ($sample in $samples) {
            Set-SampleState $sample 1
        }
        (Import-Csv -LiteralPath "$($samples[0].Folder)/jobs.csv" | New-IncrementalBackup -ErrorAction Stop).Engine | Should -Be $samples.Case.Engine
    }

    It 'are restored, copied and merged each to its own place' {
        $samples = 'SPG', 'SQLite', 'PowDB', 'Grafeo', 'Alopex' | ForEach-Object { New-SampleChain $_ }
        $csv = "$($samples[0].Folder)/rows.csv"
        foreach ($verb in 'Copy', 'Merge', 'Restore') {
            $to = @{ Copy = 'c'; Merge = 'm'; Restore = 'r' }[$verb]
            $rows = foreach ($sample in $samples) {
                [pscustomobject]@{
                    FullName = ConvertTo-NativePath $sample.Destination
                    DestinationPath = "$($sample.Native)/$to$($verb -eq 'Restore' ? "/$($sample.Case.Restored)" : '')"
                    # Of Alopex each snapshot is a chain; an empty cell leaves the choice open, as where no column is.
                    ChainId = $verb -ne 'Copy' -and $sample.Case.Engine -ne 'Grafeo' ? (Get-SampleChain $sample 2).ChainId : ''
                }
            }
            $rows | Export-Csv -LiteralPath $csv
            $made = Import-Csv -LiteralPath $csv | & "$verb-BackupChain" -ErrorAction Stop
            foreach ($sample in $samples) {
                Test-Path -LiteralPath "$($sample.Folder)/$to" | Should -BeTrue
                @($made).Where({ $_.FullName.StartsWith((Join-Path $sample.Native $to), 'Ordinal') }).Count | Should -BeGreaterThan 0
            }
        }
        foreach ($sample in $samples) {
            Test-RestoredState $sample 2 | Should -BeTrue -Because $sample.Case.Engine
            (Test-BackupChain -LiteralPath "$($sample.Folder)/c").IsValid | Should -Not -Contain $false
            @(Test-BackupChain -LiteralPath "$($sample.Folder)/m")[-1].EndPosition | Should -Be $sample.Case.EndAt[2]
        }
        # Once more, as jobs: one of all rows, which does each once.
        $job = Import-Csv -LiteralPath $csv | Restore-BackupChain -Force -AsJob
        @($job).Count | Should -Be 1
        @($job | Receive-Job -Wait).Count | Should -Be $samples.Count
    }

    It 'are refused where two have one destination' {
        $sample = New-SampleChain SPG
        $other = New-SampleChain SQLite
        $rows = $sample, $other | ForEach-Object { [pscustomobject]@{ FullName = ConvertTo-NativePath $_.Destination; DestinationPath = "$($sample.Native)/r.db" } }
        { $rows | Restore-BackupChain -ErrorAction Stop } | Should -Throw -ErrorId 'ChainIsAmbiguous*'
        $Error[0].ErrorDetails.RecommendedAction | Should -BeLike '*a destination of its own*'
        Test-Path -LiteralPath "$($sample.Folder)/r.db" | Should -BeFalse
    }

    It 'are refused where a cell is neither true nor false' {
        $row = [pscustomobject]@{ FullName = 'x'; DestinationPath = 'y'; IncludeWal = 'perhaps' }
        { $row | New-FullBackup -ErrorAction Stop } | Should -Throw -ExpectedMessage '*neither true nor false*'
    }
}

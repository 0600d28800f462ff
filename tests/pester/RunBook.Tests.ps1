#Requires -Version 7.6
# The nightly script through thirty days: a run every six hours, the one at midnight being the night's. On day 10 a
# bundle is damaged and on day 12 put right from the second copy; on days 20 and 21 the disk of the backups is full.

BeforeAll {
    . "$PSScriptRoot/Support.ps1"
    $runBooks = (Resolve-Path -LiteralPath "$PSScriptRoot/../../docs/runbooks").ProviderPath

    # A disk of two megabytes where this account may mount one (full: 9); else a folder, out of the way of which something
    # else is put (taken: 7).
    function New-SmallDisk([string] $Folder) {
        $null = [IO.Directory]::CreateDirectory($Folder)
        $isMounted = $false
        if ($IsLinux) {
            $null = mount -t tmpfs -o size=2m tmpfs $Folder 2>&1
            $isMounted = $LASTEXITCODE -eq 0
        }
        [pscustomobject]@{ Folder = $Folder; IsMounted = $isMounted; ExitCodes = $isMounted ? @(9) : @(7) }
    }

    function Set-Full([psobject] $Disk) {
        if (-not $Disk.IsMounted) {
            [IO.Directory]::Move($Disk.Folder, "$($Disk.Folder)-aside")
            [IO.File]::WriteAllText($Disk.Folder, 'out of reach')
            return
        }
        $ballast = [IO.File]::Create("$($Disk.Folder)/ballast", 1)
        try {
            foreach ($size in 65536, 4096, 1) {
                try {
                    while ($true) {
                        $ballast.Write([byte[]]::new($size), 0, $size)
                    }
                } catch [IO.IOException] {
                    Write-Debug 'full'
                }
            }
        } finally {
            $ballast.Dispose()
        }
    }

    function Set-Free([psobject] $Disk) {
        if ($Disk.IsMounted) {
            [IO.File]::Delete("$($Disk.Folder)/ballast")
        } else {
            [IO.File]::Delete($Disk.Folder)
            [IO.Directory]::Move("$($Disk.Folder)-aside", $Disk.Folder)
        }
    }

    # True when a restore to the position gives the database and exactly so much of the log as there was.
    function Test-Position([string] $Bundles, [string] $ChainId, [long] $Position) {
        $target = "$native/restored/$([guid]::NewGuid().ToString('n'))/rec.db"
        $null = Restore-BackupChain -LiteralPath $Bundles -ChainId $ChainId -ToPosition $Position -DestinationPath $target
        $log = [IO.File]::ReadAllBytes([IO.Path]::ChangeExtension($target, '.wal'))
        $log.Length -eq $Position -and
        [Linq.Enumerable]::SequenceEqual($log, [Linq.Enumerable]::Take([IO.File]::ReadAllBytes("$native/db/shop.wal"), $Position)) -and
        [Linq.Enumerable]::SequenceEqual([IO.File]::ReadAllBytes($target), [IO.File]::ReadAllBytes("$native/db/shop.db"))
    }
}

Describe 'Thirty days of Invoke-NightlyBackup.ps1' -Tag Slow {
    BeforeAll {
        Add-Type -TypeDefinition 'public sealed class RehearsalClock : System.TimeProvider { public System.DateTimeOffset Now; public override System.DateTimeOffset GetUtcNow() => Now; }'
        $clock = [RehearsalClock]::new()
        [AppContext]::SetData('BackupTools.Clock', $clock)
        $native = ConvertTo-NativePath (New-TestFolder)
        $fixture = (Resolve-Path -LiteralPath "$PSScriptRoot/../fixtures/spg/restore").ProviderPath
        $null = [IO.Directory]::CreateDirectory("$native/db")
        [IO.File]::Copy("$fixture/rec.db", "$native/db/shop.db")
        $log = [IO.File]::ReadAllBytes("$fixture/rec.wal")
        [IO.File]::WriteAllBytes("$native/db/shop.wal", $log)
        $growth = [byte[]] $log[166..507]
        $disk = New-SmallDisk "$native/disk"
        $bundles = "$native/disk/shop"
        $parameters = @{
            Source                 = "$native/db/shop.db"
            BackupRoot             = "$native/disk"
            CopyRoot               = "$native/second"
            LogPath                = "$native/log.jsonl"
            ReportPath             = "$native/report.html"
            RecoveryPointObjective = '07:00:00'
        }
        $start = [datetimeoffset] '2026-03-01T00:05:00Z'
        $pages = @{}
        $states = [System.Collections.Generic.List[object]]::new()
        $runs = for ($hour = 0; $hour -le 720; $hour += 6) {
            $clock.Now = $start.AddHours($hour)
            $day = [int] [Math]::Floor($hour / 24) + 1
            switch ($hour) {
                # Day 10, noon: one bit of a checksum, of which the second disk has a copy. Increments go on unaware.
                228 {
                    $victim = (Get-BackupChain -LiteralPath $bundles | Select-Object -Last 1).Bundles[3]
                    $bytes = [IO.File]::ReadAllBytes($victim.FullName)
                    $bytes[-1] = $bytes[-1] -bxor 1
                    [IO.File]::WriteAllBytes($victim.FullName, $bytes)
                }
                # Day 12, noon: somebody reads the report and brings the bundle back.
                276 { [IO.File]::Copy("$native/second/shop/$($victim.Name)", $victim.FullName, $true) }
                # Day 20, 06:00, to day 21, noon.
                462 { Set-Full $disk }
                492 { Set-Free $disk }
            }
            $wal = [IO.File]::Open("$native/db/shop.wal", 'Append')
            $wal.Write($growth, 0, $growth.Length)
            $length = $wal.Length
            $wal.Dispose()
            $isNight = $hour % 24 -eq 0
            $line = & "$runBooks/Invoke-NightlyBackup.ps1" @parameters -Now $clock.Now.UtcDateTime -IncrementOnly:(-not $isNight)
            $run = [pscustomobject]@{ Hour = $hour; Day = $day; IsNight = $isNight; ExitCode = $LASTEXITCODE; Line = $line | ConvertFrom-Json }
            if ($run.ExitCode -eq 0) {
                $states.Add([pscustomobject]@{ Hour = $hour; Position = $length })
            }
            if ($isNight) {
                $pages[$day] = [IO.File]::ReadAllText("$native/report.html")
            }
            $run
        }
    }

    AfterAll {
        [AppContext]::SetData('BackupTools.Clock', $null)
        if ($disk.IsMounted) {
            umount $disk.Folder
        }
    }

    It 'ends every run in peace with exit code 0' {
        $runs.Where({ $_.ExitCode -ne 0 -and $_.Hour -notin 240, 264 -and ($_.Hour -lt 462 -or $_.Hour -ge 492) }).ForEach({ "$($_.Line)" }) | Should -BeNullOrEmpty
    }

    It 'says on the two nights of the damage that there is damage' {
        $runs.Where({ $_.Hour -in 240, 264 }).ExitCode | Should -Be 4, 4
        $runs.Where({ $_.Hour -eq 240 })[0].Line.Failures.Id | Should -Contain 'ChecksumMismatch'
        foreach ($day in 11, 12) {
            $pages[$day] | Should -Match '>DAMAGED<'
            $pages[$day] | Should -Match 'ChecksumMismatch'
            $pages[$day] | Should -Match ([regex]::Escape($victim.Name))
        }
    }

    It 'takes a new full in the night in which the damage is found' {
        $names = $runs.Where({ $_.Hour -eq 240 })[0].Line.Bundles
        $names[-1] | Should -Match '-full(-after-[^-]+)?\.bkp$'
        # What is due on day 8, 15, 22 and 29 is counted from the newest full.
        @($runs.Line.Bundles | Where-Object -FilterScript { $_ -match '-full(-after-[^-]+)?\.bkp$' }).Count | Should -BeGreaterThan 4
    }

    It 'prunes nothing while there is damage' {
        # The page of day 11 counts the bundles of both nights before, that of day 12 four and a full more.
        $counts = foreach ($day in 11, 12) {
            ([xml] ($pages[$day] -replace '^<!DOCTYPE html>')).SelectNodes('//summary').ForEach({ [int] [regex]::Match($_.InnerText, '(\d+) bundles').Groups[1].Value })[0]
        }
        $counts[1] | Should -BeGreaterThan $counts[0]
    }

    It 'is well again once the bundle is put right' {
        $pages[13] | Should -Not -Match '>DAMAGED<'
        $pages[13] | Should -Match 'Nothing wrong was found; 1 of 2 databases not tested' # nobody tests the copy
    }

    It 'says on every run with a full disk that the disk is full' {
        $bad = $runs.Where({ $_.Hour -ge 462 -and $_.Hour -lt 492 })
        $bad.Count | Should -Be 5
        foreach ($run in $bad) {
            $run.ExitCode | Should -BeIn $disk.ExitCodes
        }
        if ($disk.IsMounted) {
            $bad.Line.Failures.Id | Should -Contain 'DiskFull'
        }
    }

    It 'calls the database late on the page of that night, and lists what failed' {
        $pages[21] | Should -Match '>LATE<'
        $failed = $runs.Where({ $_.Hour -eq 462 })[0].Line.Failures[0]
        $pages[21] | Should -Match "2026-03-20 06:05:00Z $($failed.Step): $($failed.Id)"
    }

    It 'lists the failures after that night on the next page, and then is well again' {
        $pages[22] | Should -Match '2026-03-21 06:05:00Z'
        $pages[22] | Should -Not -Match '>LATE<'
        $pages[23] | Should -Match 'Nothing wrong was found; 1 of 2 databases not tested'
    }

    It 'goes on at once when there is space again' {
        $runs.Where({ $_.Hour -eq 492 })[0].ExitCode | Should -Be 0
    }

    It 'drills every week, and says so on the page' {
        $drills = Get-Content -LiteralPath "$native/report.drills.json" -Raw | ConvertFrom-Json -DateKind Utc
        $drills.Checked | Should -Not -Contain 'Checksums'
        ($clock.Now.UtcDateTime - ($drills.TestedUtc | Sort-Object)[-1]).TotalDays | Should -BeLessThan 8
        $pages[31] | Should -Match 'Last restore drill</dt><dd class="ok">2026-03-'
    }

    It 'keeps to the rules: fewer bundles than were taken' {
        $there = @(Get-BackupChain -LiteralPath $bundles).Bundles.Count
        $there | Should -BeLessThan $runs.Count
        $there | Should -BeGreaterThan 12 -Because 'two days of a run every six hours are kept'
    }

    It 'has every chain valid at the end, on both disks' {
        (Get-BackupChain -LiteralPath $bundles | Test-BackupChain -Deep).IsValid | Should -Not -Contain $false
        (Get-BackupChain -LiteralPath "$native/second/shop" | Test-BackupChain -Deep).IsValid | Should -Not -Contain $false
    }

    It 'restores every state of the last two days, byte for byte' {
        $chains = Get-BackupChain -LiteralPath $bundles
        foreach ($state in $states.Where({ $_.Hour -gt 720 - 48 })) {
            $chain = $chains.Where({ $_.Bundles.EndPosition -contains $state.Position })[-1]
            $chain | Should -Not -BeNullOrEmpty -Because "the state at hour $($state.Hour) is kept"
            Test-Position $bundles $chain.ChainId $state.Position | Should -BeTrue
        }
    }

    It 'restores the newest state of each of the last seven days from the second disk too' {
        $chains = Get-BackupChain -LiteralPath "$native/second/shop"
        foreach ($day in $states.Where({ $_.Hour -lt 720 }) | Group-Object -Property { [Math]::Floor($_.Hour / 24) } | Select-Object -Last 6) {
            $position = $day.Group[-1].Position
            $chain = $chains.Where({ $_.Bundles.EndPosition -contains $position })[-1]
            $chain | Should -Not -BeNullOrEmpty -Because "a state of day $($day.Name) is kept"
            Test-Position "$native/second/shop" $chain.ChainId $position | Should -BeTrue
        }
    }

    It 'has a page that is well-formed, without a script and without anything from elsewhere' {
        foreach ($page in $pages.Values) {
            { [xml] $page } | Should -Not -Throw
            $page | Should -Not -Match '<script|https?:'
        }
    }
}

Describe 'The run books in a process of their own' -Tag Slow {
    BeforeAll {
        $sample = New-Sample SPG
    }

    It 'take the first backup of a database and end with 0' {
        $run = Invoke-Apart "& '$runBooks/Invoke-NightlyBackup.ps1' -Source '$($sample.Native)/db/shop.db' -BackupRoot '$($sample.Native)/root' -ReportPath '$($sample.Native)/state [1]/page.html' -LogPath '$($sample.Native)/log/runs.jsonl'; exit `$LASTEXITCODE"
        $run.ExitCode | Should -Be 0 -Because $run.Output
        ($run.Output | ConvertFrom-Json).Bundles.Count | Should -Be 1
        ($run.Output | ConvertFrom-Json).Warnings | Should -BeLike '*instead of an increment*'
        Test-Path -LiteralPath "$($sample.Native)/state [1]/page.html" | Should -BeTrue
        (Get-Content -LiteralPath "$($sample.Native)/log/runs.jsonl" | ConvertFrom-Json).ExitCode | Should -Be 0
    }

    It 'end with the family of the error' {
        $run = Invoke-Apart "& '$runBooks/Invoke-NightlyBackup.ps1' -Source '$($sample.Native)/none.db' -BackupRoot '$($sample.Native)/other'; exit `$LASTEXITCODE"
        $run.ExitCode | Should -Be 3 -Because $run.Output
    }

    It 'back up the second database although the first is missing' {
        $run = Invoke-Apart "& '$runBooks/Invoke-NightlyBackup.ps1' -Source '$($sample.Native)/none.db', '$($sample.Native)/db/shop.db' -BackupRoot '$($sample.Native)/two'; exit `$LASTEXITCODE"
        $run.ExitCode | Should -Be 3 -Because $run.Output
        ($run.Output | ConvertFrom-Json).Failures[0].Step | Should -BeExactly 'backup none'
        (Test-BackupChain -LiteralPath "$($sample.Native)/two/shop").IsValid | Should -BeTrue
    }

    It 'refuse two databases of one name, which would share a folder' {
        $run = Invoke-Apart "& '$runBooks/Invoke-NightlyBackup.ps1' -Source '$($sample.Native)/db/shop.db', '$($sample.Native)/other/shop.db' -BackupRoot '$($sample.Native)/same'; exit `$LASTEXITCODE"
        $run.ExitCode | Should -Be 1 -Because $run.Output
        Test-Path -LiteralPath "$($sample.Native)/same" | Should -BeFalse
    }

    It 'drill what was backed up, and say how long it took' {
        $run = Invoke-Apart "& '$runBooks/Invoke-RestoreDrill.ps1' -BackupRoot '$($sample.Native)/root' -ResultPath '$($sample.Native)/drill.json' 6>&1; exit `$LASTEXITCODE"
        $run.ExitCode | Should -Be 0 -Because $run.Output
        ($run.Output -split "`n" -match '^\{' | ConvertFrom-Json).Seconds | Should -BeGreaterThan 0
        (Get-Content -LiteralPath "$($sample.Native)/drill.json" -Raw | ConvertFrom-Json).IsValid | Should -BeTrue
    }

    It 'drill a damaged backup and end with 4' {
        $folder = "$($sample.Native)/root/shop"
        Set-Damage (Get-BackupChain -LiteralPath $folder).Bundles[0].FullName
        $run = Invoke-Apart "& '$runBooks/Invoke-RestoreDrill.ps1' -BackupRoot '$($sample.Native)/root' 6>&1; exit `$LASTEXITCODE"
        $run.ExitCode | Should -Be 4 -Because $run.Output
    }
}

Describe 'The dead man''s switch of Invoke-NightlyBackup.ps1' {
    BeforeAll {
        $sample = New-Sample SPG
        $parameters = @{ BackupRoot = "$($sample.Native)/root"; IncrementOnly = $true }

        # A port of the loopback device that nobody listens at, or where connections are taken and never answered.
        function Open-Port {
            $silent = [System.Net.Sockets.TcpListener]::new([ipaddress]::Loopback, 0)
            $silent.Start()
            $silent
        }

        # Runs the script with a service that answers its requests, and returns what they asked for.
        function Invoke-Listened([string[]] $Source, [int[]] $Status = @()) {
            $listener = Open-Port
            $port = $listener.LocalEndpoint.Port
            $requests = [System.Collections.Concurrent.ConcurrentQueue[string]]::new()
            $service = [powershell]::Create().AddScript({
                    param($listener, $requests, $status)
                    while ($true) {
                        $client = $listener.AcceptTcpClient()
                        $reader = [IO.StreamReader]::new($client.GetStream())
                        $requests.Enqueue($reader.ReadLine() -replace ' HTTP/1.1$')
                        while ($reader.ReadLine()) { } # the headers, up to an empty line
                        $answer = "HTTP/1.1 $($status[$requests.Count - 1] ?? 200) -`r`nContent-Length: 0`r`nConnection: close`r`n`r`n"
                        $client.GetStream().Write([Text.Encoding]::ASCII.GetBytes($answer))
                        $client.Dispose()
                    }
                }).AddArgument($listener).AddArgument($requests).AddArgument($Status)
            $null = $service.BeginInvoke()
            try {
                $global:LASTEXITCODE = 1
                # Long enough for any machine: a request that is not answered in time is repeated.
                $line = & "$runBooks/Invoke-NightlyBackup.ps1" -Source $Source @parameters -PingTimeout 00:02:00 -PingUrl "http://localhost:$port/ping/s3cret/?a=b"
            } catch {
                $line = '{}'
            } finally {
                $listener.Stop() # which ends the service
                $service.Dispose()
            }
            [pscustomobject]@{ Requests = $requests.ToArray(); ExitCode = $LASTEXITCODE; Line = $line | ConvertFrom-Json }
        }
    }

    It 'hears of the start and of success' {
        $run = Invoke-Listened "$($sample.Native)/db/shop.db"
        $run.ExitCode | Should -Be 0
        $run.Requests | Should -BeExactly 'GET /ping/s3cret/start?a=b', 'GET /ping/s3cret?a=b'
    }

    It 'hears of a failure by its exit code' {
        $run = Invoke-Listened "$($sample.Native)/none.db"
        $run.ExitCode | Should -Be 3
        $run.Requests | Should -BeExactly 'GET /ping/s3cret/start?a=b', 'GET /ping/s3cret/3?a=b'
    }

    It 'hears of a run that ends before its time' {
        $run = Invoke-Listened "$($sample.Native)/a/shop.db", "$($sample.Native)/b/shop.db"
        $run.Requests | Should -BeExactly 'GET /ping/s3cret/start?a=b', 'GET /ping/s3cret/1?a=b'
    }

    It 'is asked again when it is out of order, and then given up with a warning' {
        $run = Invoke-Listened "$($sample.Native)/db/shop.db" -Status 503, 200, 404, 404, 404
        $run.ExitCode | Should -Be 0
        $run.Requests.Count | Should -Be 5
        $run.Line.Warnings | Should -BeLike 'ping: *404*'
    }

    It 'that is <_> costs warnings and nothing else' -ForEach 'absent', 'silent', 'no address' {
        $silent = Open-Port
        try {
            $url = $_ -eq 'no address' ? 's3cret' : "http://127.0.0.1:$($silent.LocalEndpoint.Port)/s3cret"
            if ($_ -ne 'silent') {
                $silent.Stop()
            }
            $line = & "$runBooks/Invoke-NightlyBackup.ps1" -Source "$($sample.Native)/db/shop.db" @parameters -PingTimeout 00:00:00.5 -PingUrl $url
            $LASTEXITCODE | Should -Be 0
            $line | Should -Not -Match 's3cret'
            $warnings = ($line | ConvertFrom-Json).Warnings
            $warnings.Count | Should -Be 2
            $warnings[0] | Should -BeLike 'ping start: *'
            $warnings[1] | Should -BeLike 'ping: *'
        } finally {
            $silent.Stop()
        }
    }
}

#Requires -Version 7.6
# What the runbook registers with the Task Scheduler of Windows, which no other system has, by its schema.
Describe 'Register-BackupTask.ps1' {
    BeforeAll {
        $script = (Resolve-Path -LiteralPath "$PSScriptRoot/../../docs/runbooks/Register-BackupTask.ps1").ProviderPath
        $nightlyScript = (Resolve-Path -LiteralPath "$PSScriptRoot/../../docs/runbooks/Invoke-NightlyBackup.ps1").ProviderPath
        $schema = (Resolve-Path -LiteralPath "$PSScriptRoot/../fixtures/tasks/task.xsd").ProviderPath

        # What Windows has in the place of this, which only keeps what it is given.
        function Register-ScheduledTask {
            [CmdletBinding()]
            param([string] $TaskName, [string] $Xml, [switch] $Force)
            [pscustomobject]@{ Name = $TaskName; Xml = $Xml; Force = [bool] $Force }
        }

        function Assert-Task([string] $Xml) {
            $task = [xml]::new()
            $null = $task.Schemas.Add('http://schemas.microsoft.com/windows/2004/02/mit/task', $schema)
            $task.LoadXml($Xml)
            $task.Validate($null)
            $task
        }

        # The arguments as a program of Windows gets them, none of which has a quotation mark in it.
        function Split-Argument([string] $Line) {
            [regex]::Matches($Line, '"(?<text>[^"]*)"|(?<text>\S+)').ForEach({ $_.Groups['text'].Value -replace '\\\\$', '\' })
        }

        $parameters = @{
            Source     = 'D:\data & more\shop.db'
            BackupRoot = 'E:\'
            CopyRoot   = '\\second\back ups\'
            StateRoot  = 'C:\ProgramData\BackupTools\'
        }
        $registered = & $script @parameters
    }

    It 'registers two tasks that the schema of the Task Scheduler allows' {
        $registered.Name | Should -BeExactly 'BackupTools hourly', 'BackupTools nightly'
        $registered.Force | Should -Be $true, $true
        foreach ($task in $registered) {
            { Assert-Task $task.Xml } | Should -Not -Throw
        }
    }

    It 'would be refused by it with <Wrong> for <Right>' -ForEach @(
        @{ Right = 'IgnoreNew'; Wrong = 'Sometimes' }
        @{ Right = 'PT6H'; Wrong = '06:00:00' }
        @{ Right = 'Context="Account"'; Wrong = 'Context="Nobody"' }
        @{ Right = 'StartBoundary'; Wrong = 'Start' }
        @{ Right = 'pwsh.exe'; Wrong = '' }
    ) {
        { Assert-Task ($registered[0].Xml -replace $Right, $Wrong) } | Should -Throw
    }

    It 'gives the script what it was given' {
        $nightly = Split-Argument (Assert-Task $registered[1].Xml).Task.Actions.Exec.Arguments
        $nightly[0..2] | Should -BeExactly '-NoProfile', '-NonInteractive', '-File'
        $nightly[3] | Should -BeLike '*\Invoke-NightlyBackup.ps1'
        $nightly | Select-Object -Skip 4 | Should -BeExactly @(
            '-Source', 'D:\data & more\shop.db', '-BackupRoot', 'E:\', '-LogPath', 'C:\ProgramData\BackupTools\backups.jsonl',
            '-ReportPath', 'C:\ProgramData\BackupTools\backups.html', '-CopyRoot', '\\second\back ups\'
        )
        $known = (Get-Command -Name $nightlyScript).Parameters
        $hourly = Split-Argument (Assert-Task $registered[0].Xml).Task.Actions.Exec.Arguments
        $hourly[-1] | Should -BeExactly '-IncrementOnly'
        foreach ($name in ($nightly + $hourly).Where({ $_ -match '^-' -and $_ -notin '-NoProfile', '-NonInteractive', '-File' })) {
            $known.ContainsKey($name.Substring(1)) | Should -BeTrue -Because $name
        }
    }

    # The path that the nightly task has for an option.
    It 'gives it <Given> as a path that a task finds' -ForEach @(
        @{ Given = 'a.db'; Expected = 'here/a.db' }
        @{ Given = '../second'; Expected = 'second' }
        @{ Given = '~/second'; Expected = $null }
        @{ Given = 'TaskData:/data/a.db'; Expected = 'here/data/a.db' }
        @{ Given = 's3://bucket/second'; Expected = $null }
        @{ Given = '\\second\back ups'; Expected = $null }
        @{ Given = 'X:\gone\a.db'; Expected = $null }
    ) {
        $here = New-Item -ItemType Directory -Force -Path "$TestDrive/here"
        $null = New-PSDrive -Name TaskData -PSProvider FileSystem -Root $here.FullName -Scope Global
        Push-Location -LiteralPath $here.FullName
        try {
            $full = $Expected ? (Join-Path -Path (Split-Path -Path $here.FullName) -ChildPath $Expected) : ($Given -replace '^~', $HOME)
            foreach ($name in 'Source', 'BackupRoot', 'CopyRoot', 'StateRoot') {
                $changed = $parameters.Clone()
                $changed[$name] = $Given
                $arguments = Split-Argument (Assert-Task (& $script @changed)[1].Xml).Task.Actions.Exec.Arguments
                $option = $name -eq 'StateRoot' ? '-LogPath' : "-$name"
                $value = $arguments[[array]::IndexOf($arguments, $option) + 1] -replace '\\', '/'
                $value | Should -BeExactly (($full -replace '\\', '/') + ($name -eq 'StateRoot' ? '/backups.jsonl' : '')) -Because $name
            }
        }
        finally {
            Pop-Location
            Remove-PSDrive -Name TaskData -Scope Global
        }
    }

    It 'refuses <Given>, which a task would take for something else' -ForEach @(
        @{ Given = 'Nowhere:/a.db'; Why = '*Nowhere*' }
        @{ Given = 'Env:/PATH'; Why = '*Environment*' }
        @{ Given = 'C:\100%TEMP%'; Why = '*%TEMP%*variable*' }
    ) {
        foreach ($name in 'Source', 'BackupRoot', 'CopyRoot', 'StateRoot') {
            $changed = $parameters.Clone()
            $changed[$name] = $Given
            { & $script @changed } | Should -Throw -ExpectedMessage $Why
        }
    }

    It 'starts a run on battery too, and lets it go on' {
        foreach ($task in $registered) {
            $settings = (Assert-Task $task.Xml).Task.Settings
            $settings.DisallowStartIfOnBatteries, $settings.StopIfGoingOnBatteries | Should -BeExactly 'false', 'false'
        }
    }

    It 'runs as SYSTEM, or as the account that is named' {
        (Assert-Task $registered[0].Xml).Task.Principals.Principal.UserId | Should -BeExactly 'S-1-5-18'
        $other = & $script @parameters -Principal 'NT AUTHORITY\LOCAL SERVICE'
        (Assert-Task $other[0].Xml).Task.Principals.Principal.UserId | Should -BeExactly 'NT AUTHORITY\LOCAL SERVICE'
    }

    It 'registers nothing with -WhatIf' {
        & $script @parameters -WhatIf | Should -BeNullOrEmpty
    }
}

# One row per engine, for -ForEach: its sample of fixtures/samples.json, and
#   SetState  makes the database in a folder be in state 0, 1 or 2
#   IsState   says whether a restored database is in that state
function Get-AllEngineCase {
    $fixtures = (Resolve-Path -LiteralPath "$PSScriptRoot/../fixtures").ProviderPath
    $samples = [IO.File]::ReadAllText("$fixtures/samples.json") | ConvertFrom-Json -AsHashtable
    foreach ($name in $samples.Keys) {
        $row = $samples[$name]
        # The older generation of an engine has no expectations of its own.
        if (-not $row['unit']) {
            continue
        }
        @{
            Engine   = ($name -split ' ')[0]
            Unit     = $row.unit
            Source   = $row.source.Replace('*', 'shop')
            Pattern  = $row.source
            Restored = $row.restored
            EndAt    = $row.ends
            Kinds    = $row.kinds
            Chains   = $row.chains
            Beside   = $row.beside
            Merges   = $row.merges
            Markers  = $row.markers
            Files    = $row.files
            Fixtures = $fixtures
            SetState = {
                param($Folder, $State, $Case)
                foreach ($part in $Case.Files) {
                    $from = "$($Case.Fixtures)/$($part.from[$State])"
                    $to = "$Folder/$($part.to.Replace('*', 'shop'))"
                    if ([IO.File]::Exists($from)) {
                        [IO.File]::WriteAllBytes($to, [Linq.Enumerable]::ToArray(
                                [Linq.Enumerable]::Skip([IO.File]::ReadAllBytes($from), [int] $part['skip'])))
                        continue
                    }
                    # What the engine keeps beside its log, such as a cursor, stays.
                    if ([IO.Directory]::Exists($to) -and -not $part['only']) {
                        [IO.Directory]::Delete($to, $true)
                    }
                    foreach ($file in [IO.Directory]::GetFiles($from, ($part['only'] ?? '*'), 'AllDirectories')) {
                        $target = "$to/$([IO.Path]::GetRelativePath($from, $file))"
                        $null = [IO.Directory]::CreateDirectory([IO.Path]::GetDirectoryName($target))
                        [IO.File]::Copy($file, $target, $true)
                    }
                }
            }
            IsState  = {
                param($Path, $State, $Case)
                foreach ($part in $Case.Files) {
                    $from = "$($Case.Fixtures)/$($part.from[$State])"
                    $to = if ($part.to.StartsWith($Case.Pattern)) {
                        $Path + $part.to.Substring($Case.Pattern.Length)
                    }
                    else {
                        [IO.Path]::ChangeExtension($Path, [IO.Path]::GetExtension($part.to))
                    }
                    if ([IO.File]::Exists($from)) {
                        $expected = [Linq.Enumerable]::ToArray(
                            [Linq.Enumerable]::Skip([IO.File]::ReadAllBytes($from), [int] $part['skip']))
                        if (-not [IO.File]::Exists($to) -or
                            -not [Linq.Enumerable]::SequenceEqual([byte[]] $expected, [IO.File]::ReadAllBytes($to))) {
                            return $false
                        }
                        continue
                    }
                    $expected = [IO.Directory]::GetFiles($from, ($part['only'] ?? '*'), 'AllDirectories').Where({
                            ([IO.FileInfo] $_).Length -gt ($part['restoredAbove'] ?? -1) -and
                            [IO.Path]::GetFileName($_) -notin $part['notRestored'] })
                    $restored = if ([IO.Directory]::Exists($to)) { [IO.Directory]::GetFiles($to, '*', 'AllDirectories') }
                    if (@($restored).Count -ne $expected.Count) {
                        return $false
                    }
                    foreach ($file in $expected) {
                        $other = "$to/$([IO.Path]::GetRelativePath($from, $file))"
                        if (-not [IO.File]::Exists($other) -or ([IO.Path]::GetFileName($file) -notin $part['notCompared'] -and
                                -not [Linq.Enumerable]::SequenceEqual([IO.File]::ReadAllBytes($file), [IO.File]::ReadAllBytes($other)))) {
                            return $false
                        }
                    }
                }
                $true
            }
        }
    }
}

# The row of one engine; without a name all that the run is to cover.
function Get-EngineCase([string] $Name) {
    $names = ($Name ? $Name : $env:BACKUPTOOLS_ENGINES) -split ',' -ne ''
    Get-AllEngineCase | Where-Object -FilterScript { $names.Count -eq 0 -or $_.Engine -in $names }
}

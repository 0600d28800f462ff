#Requires -Version 7.6
<#
.SYNOPSIS
    Runs the sessions in docs/img/sessions for real and draws what the terminal showed, as SVG.
.DESCRIPTION
    Each session is typed line by line into one fresh PowerShell; what it prints, colours included, becomes
    docs/img/<session>.svg. Lines that begin with '#!' prepare something and are not shown; `#! $Columns = 80` says how wide
    the session's terminal is.
.EXAMPLE
    ./docs/img/New-TerminalPicture.ps1
    Makes all pictures again.
.EXAMPLE
    ./docs/img/New-TerminalPicture.ps1 -Name restore -Columns 100
#>
[CmdletBinding(SupportsShouldProcess)]
param(
    # Sessions to draw; all without it.
    [string[]] $Name = '*',

    # Width of the terminal in characters.
    [ValidateRange(40, 200)]
    [int] $Columns = 120,

    # Where the pictures go: beside this script.
    [string] $DestinationPath = $PSScriptRoot
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'
$root = (Resolve-Path -LiteralPath "$PSScriptRoot/../..").ProviderPath

# Colours of a terminal that read well on white and on black; the background changes with the reader's own.
$palette = @{
    30 = '#6e7681'; 31 = '#e5534b'; 32 = '#3fa45b'; 33 = '#b98a1d'; 34 = '#4a8fe0'; 35 = '#b07be0'; 36 = '#2fa3ac'; 37 = '#8b949e'
    90 = '#8b949e'; 91 = '#f47067'; 92 = '#4fb86c'; 93 = '#cf9f2c'; 94 = '#6ba5ee'; 95 = '#c297ec'; 96 = '#45b9c2'; 97 = '#adbac7'
}

# Typed and printed lines of one session, as the terminal got them.
function Invoke-Session([string] $Path, [string] $Folder, [int] $Columns) {
    $driver = @'
param($Session, $Root, $Columns)
$PSStyle.OutputRendering = 'Ansi'
$ProgressPreference = 'SilentlyContinue'
$fixtures = "$Root/tests/fixtures"
Import-Module -Name "$Root/BackupTools.psd1"
foreach ($line in [IO.File]::ReadAllLines($Session)) {
    if ($line.StartsWith('#!', [StringComparison]::Ordinal)) {
        . ([scriptblock]::Create($line.Substring(2)))
        continue
    }
    "`u{1}$line"
    if ($line) {
        try {
            $printed = (. ([scriptblock]::Create($line)) 2>&1 3>&1 | Out-String -Width $Columns).TrimEnd()
            if ($printed) {
                $printed -split '\r?\n'
            }
        } catch {
            ($_ | Out-String -Width $Columns).TrimEnd() -split '\r?\n'
        }
    }
}
'@
    $script = Join-Path -Path $Folder -ChildPath driver.ps1
    Set-Content -LiteralPath $script -Value $driver
    Push-Location -LiteralPath (New-Item -Path $Folder -Name work -ItemType Directory).FullName
    try {
        pwsh -NoProfile -NonInteractive -File $script $Path $root $Columns
    } finally {
        Pop-Location
    }
}

# Cuts a line as the terminal does where it is wider; the colour goes on in the next one.
function Split-Line([string] $Line, [int] $Columns) {
    $row, $width, $colour = '', 0, ''
    foreach ($part in @([regex]::Matches($Line, '\x1b\[[0-9;]*m|[\s\S]')).ForEach({ $_.Value })) {
        if ($part.Length -gt 1) {
            $colour = $part -match '^\x1b\[0?m$' ? '' : $colour + $part
        } elseif (++$width -gt $Columns) {
            $row
            $row, $width = $colour, 1
        }
        $row += $part
    }
    $row
}

function ConvertTo-Span([string] $Line) {
    $fill, $weight = '', ''
    foreach ($part in [regex]::Split($Line, '(\x1b\[[0-9;]*m)')) {
        if ($part -match '^\x1b\[([0-9;]*)m$') {
            foreach ($code in $Matches[1].Split(';').ForEach({ [int] "0$_" })) {
                if ($code -eq 0) {
                    $fill, $weight = '', ''
                } elseif ($code -eq 1) {
                    $weight = " font-weight='600'"
                } elseif ($palette.ContainsKey($code)) {
                    $fill = " fill='$($palette[$code])'"
                }
            }
        } elseif ($part) {
            "<tspan$fill$weight>$([Security.SecurityElement]::Escape($part))</tspan>"
        }
    }
}

function ConvertTo-Svg([string[]] $Line, [string] $Title, [int] $Columns) {
    $lineHeight = 19
    $width = [int] ($Columns * 8.43 + 40)
    $height = $Line.Count * $lineHeight + 68
    $rows = for ($i = 0; $i -lt $Line.Count; $i++) {
        $spans = if ($Line[$i].StartsWith([char] 1)) {
            $typed = [Security.SecurityElement]::Escape($Line[$i].Substring(1))
            "<tspan class='p'>PS&gt; </tspan><tspan class='t'>$typed</tspan>"
        } else {
            (ConvertTo-Span $Line[$i]) -join ''
        }
        "<text x='20' y='$(58 + $i * $lineHeight)'>$spans</text>"
    }
    @"
<svg xmlns='http://www.w3.org/2000/svg' width='$width' height='$height' viewBox='0 0 $width $height' role='img'>
<title>$([Security.SecurityElement]::Escape($Title))</title>
<style>
rect.b{fill:#fbfcfd;stroke:#d0d7de}circle{fill:#d0d7de}text{font:14px ui-monospace,'Cascadia Mono','DejaVu Sans Mono',Menlo,Consolas,monospace;fill:#24292f;white-space:pre}
.p{fill:#8250df}.t{font-weight:600}.c{fill:#6e7781}
@media (prefers-color-scheme:dark){rect.b{fill:#15191f;stroke:#30363d}circle{fill:#30363d}text{fill:#d1d7de}.p{fill:#c297ec}.c{fill:#8b949e}}
</style>
<rect class='b' x='.5' y='.5' width='$($width - 1)' height='$($height - 1)' rx='8'/>
<circle cx='20' cy='19' r='5.5'/><circle cx='38' cy='19' r='5.5'/><circle cx='56' cy='19' r='5.5'/>
<text class='c' x='$($width / 2)' y='24' text-anchor='middle'>$([Security.SecurityElement]::Escape($Title))</text>
$($rows -join "`n")
</svg>
"@
}

foreach ($session in Get-ChildItem -Path "$PSScriptRoot/sessions" -Filter *.txt) {
    if (-not ($Name | Where-Object { $session.BaseName -like $_ })) {
        continue
    }
    $folder = New-Item -Path ([IO.Path]::GetTempPath()) -Name ([guid]::NewGuid().ToString('n').Substring(0, 4)) -ItemType Directory
    try {
        $own = (Get-Content -LiteralPath $session.FullName) -match '^#! \$Columns = \d+$' -replace '\D'
        $width = $own ? [int] $own[0] : $Columns
        $lines = Invoke-Session -Path $session.FullName -Folder $folder.FullName -Columns $width
        # The folder of a real run says nothing to the reader.
        $lines = @($lines) -replace [regex]::Escape("$($folder.FullName)/work"), '~'
        $lines = $lines.ForEach({ Split-Line -Line $_ -Columns $width })
        $svg = ConvertTo-Svg -Line $lines -Title "BackupTools: $($session.BaseName -replace '-', ' ')" -Columns $width
        $target = "$DestinationPath/$($session.BaseName).svg"
        if ($PSCmdlet.ShouldProcess($target, 'Draw')) {
            Set-Content -LiteralPath $target -Value $svg
            Get-Item -LiteralPath $target
        }
    } finally {
        Remove-Item -LiteralPath $folder.FullName -Recurse -Force # hidden side files, too
    }
}

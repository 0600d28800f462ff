# First the loader, which tells the runtime where the library of the cmdlets is. The manifest cannot say so: PowerShell
# refuses nested modules below a folder whose name is a wildcard pattern.
$bin = "$PSScriptRoot/bin" -replace '[`*?\[\]]', '`$0'
Import-Module -Name "$bin/BackupTools.Loader.dll" -ErrorAction Stop
Import-Module -Name "$bin/BackupTools.PowerShell.dll" -ErrorAction Stop

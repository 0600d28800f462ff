@{
    RootModule           = 'module/bin/BackupTools.PowerShell.dll'
    ModuleVersion        = '0.2.0'
    GUID                 = 'd3f6a0b2-5d2e-4c1e-9b57-3f1c8a7e42d9'
    Author               = 'BackupTools contributors'
    CompanyName          = 'BackupTools contributors'
    Copyright            = '(c) BackupTools contributors. MIT licence.'
    Description          = 'Backs up, inspects, verifies and restores SQLite, SPG, Grafeo, Alopex and PowDB databases from their data files, also while they are being written.'
    PowerShellVersion    = '7.6'
    CompatiblePSEditions = @('Core')
    FormatsToProcess     = @('module/BackupTools.format.ps1xml')
    CmdletsToExport      = @(
        'Copy-BackupChain'
        'Export-BackupReport'
        'Get-BackupChain'
        'Get-BundleHeader'
        'Merge-BackupChain'
        'New-BackupKey'
        'New-FullBackup'
        'New-IncrementalBackup'
        'Remove-ExpiredBackup'
        'Restore-BackupChain'
        'Test-BackupChain'
    )
    FunctionsToExport    = @()
    AliasesToExport      = @()
    VariablesToExport    = @()
    PrivateData          = @{
        PSData = @{
            Tags         = @('Backup', 'Restore', 'Database', 'SQLite', 'Litestream', 'SPG', 'Grafeo', 'Alopex', 'PowDB', 'PSEdition_Core', 'Windows', 'Linux', 'MacOS')
            ReleaseNotes = 'SQLite; answers at the prompt that do not mislead; reports for monitoring. After the update take a full backup of every Grafeo 0.5 database. CHANGELOG.md in the package has the rest.'
            Prerelease   = ''
        }
    }
}

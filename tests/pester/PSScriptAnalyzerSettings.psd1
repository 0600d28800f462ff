@{
    ExcludeRules = @(
        # Variables of BeforeAll and BeforeDiscovery are read in other blocks, and parameters of helpers make samples.
        'PSUseDeclaredVarsMoreThanAssignments'
        # PowerShell 7 reads UTF-8 without a mark.
        'PSUseBOMForUnicodeEncodedFile'
        'PSUseShouldProcessForStateChangingFunctions'
    )
}

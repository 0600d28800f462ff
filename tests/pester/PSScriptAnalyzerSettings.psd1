@{
    ExcludeRules = @(
        # Variables of BeforeAll and BeforeDiscovery are read in other blocks, and parameters of helpers make samples.
        'PSUseDeclaredVarsMoreThanAssignments'
        'PSUseShouldProcessForStateChangingFunctions'
    )
}

namespace BackupTools.Tests.Stores;

/// <summary>The tests that share a Ceph.</summary>
[CollectionDefinition(Name)]
public sealed class CephGroup : ICollectionFixture<CephFixture>
{
    public const string Name = "Ceph";
}

/// <summary>The tests that share an Azurite.</summary>
[CollectionDefinition(Name)]
public sealed class AzuriteGroup : ICollectionFixture<AzuriteFixture>
{
    public const string Name = "Azurite";
}

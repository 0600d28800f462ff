using BackupTools.Files.Stores;
using BackupTools.Tests.Operations;
using BackupTools.Tests.Stores;

namespace BackupTools.Tests.Conformance.Destinations;

/// <summary>A folder on a disk that dies at step n.</summary>
public sealed class FolderConformanceTests : DestinationConformance
{
    protected override int Stride => 19;

    protected override bool IsFolder => true;

    private protected override StoreSettings Settings { get; } = new();

    private protected override string NewPlace(EngineSandbox box, string name) => box.At("places", name);

    private protected override IObjectStore? Connect() => null;
}

/// <summary>A store in memory that dies at request n.</summary>
public sealed class MemoryConformanceTests : DestinationConformance
{
    private readonly MemoryStore.Content _content = new();

    protected override int Stride => 7;

    private protected override StoreSettings Settings { get; } =
        new() { PartSize = 1000, Lease = TimeSpan.FromMilliseconds(200) };

    private protected override string NewPlace(EngineSandbox box, string name) => $"s3://memory/{name}";

    private protected override IObjectStore Connect() => new MemoryStore(_content);
}

/// <summary>Ceph, as it is.</summary>
[Collection(CephGroup.Name)]
public sealed class CephConformanceTests(CephFixture ceph) : DestinationConformance
{
    protected override string? WhyNot => CephFixture.WhyNot;

    protected override int Stride => 61;

    private protected override StoreSettings Settings => ceph.Settings with { Lease = TimeSpan.FromMilliseconds(500) };

    private protected override string NewPlace(EngineSandbox box, string name) =>
        $"s3://{CephFixture.Bucket}/conformance/{name}";

    private protected override IObjectStore Connect() => new S3Store(ceph.Settings);
}

/// <summary>The emulator of Azure Blob Storage.</summary>
[Collection(AzuriteGroup.Name)]
public sealed class AzuriteConformanceTests(AzuriteFixture azurite) : DestinationConformance
{
    protected override string? WhyNot => AzuriteFixture.WhyNot;

    protected override int Stride => 61;

    private protected override StoreSettings Settings =>
        azurite.Settings with
        {
            Lease = TimeSpan.FromMilliseconds(500),
        };

    private protected override string NewPlace(EngineSandbox box, string name) =>
        $"az://{AzuriteFixture.Container}/conformance/{name}";

    private protected override IObjectStore Connect() => new AzureStore(azurite.Settings);
}

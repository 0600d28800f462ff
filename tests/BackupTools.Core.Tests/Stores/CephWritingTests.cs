using BackupTools.Tests.Operations;

namespace BackupTools.Tests.Stores;

/// <summary>Copies to a real store.</summary>
[Collection(CephGroup.Name)]
public sealed class CephWritingTests(CephFixture ceph)
{
    public static TheoryData<string> Engines => [.. EngineSandbox.Names];

    [CephTheory]
    [MemberData(nameof(Engines))]
    public void A_copy_is_the_chain_of_the_folder(string engine)
    {
        using var box = EngineSandbox.Of(engine);
        // Nothing is dated after it was brought up.
        box.Clock!.Now -= TimeSpan.FromMinutes(10);
        box.Chain();
        var prefix = $"writing/a b+c%é/{engine}/b";
        new StoreWriting(box, $"s3://{CephFixture.Bucket}/{prefix}", ceph.Settings).IsThatOfTheFolder(() =>
            ceph.Down(prefix)
        );
    }
}

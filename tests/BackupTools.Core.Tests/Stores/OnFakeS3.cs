using BackupTools.Files.Stores;
using BackupTools.Tests.Operations;

namespace BackupTools.Tests.Stores;

/// <summary>A store of their own for tests of what is written there, under <see cref="Address"/>.</summary>
public abstract class OnFakeS3 : IDisposable
{
    private protected const string Prefix = "p/a b+c/b";
    private protected const string Address = $"s3://{FakeS3.Bucket}/{Prefix}";

    public static TheoryData<string> Engines => [.. EngineSandbox.Names];

    private protected FakeS3 Store { get; } = new();

    /// <summary>Nobody waits for long: for a store that is not there, or for a run that has died.</summary>
    private protected StoreSettings Settings =>
        new()
        {
            Endpoint = Store.Endpoint,
            Credential = new("key", "secret"),
            Lease = TimeSpan.FromMilliseconds(200),
            Patience = TimeSpan.Zero,
            HeldBack = TimeSpan.Zero,
        };

    /// <summary>A database without a backup.</summary>
    private protected static EngineSandbox Empty(string engine)
    {
        var box = EngineSandbox.Of(engine);
        // Nothing is dated after it was brought up.
        box.Clock!.Now -= TimeSpan.FromDays(1);
        return box;
    }

    /// <summary>A database with a chain of three bundles in a folder.</summary>
    private protected static EngineSandbox Box(string engine)
    {
        var box = Empty(engine);
        box.Chain();
        return box;
    }

    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    protected virtual void Dispose(bool disposing)
    {
        if (disposing)
        {
            Store.Dispose();
        }
    }
}

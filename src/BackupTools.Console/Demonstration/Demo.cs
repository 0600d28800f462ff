using System.Globalization;
using BackupTools.Errors;
using BackupTools.Operations;
using BackupTools.Reports;

namespace BackupTools.Console.Demonstration;

/// <summary>
/// The main job on a SQLite database that another process writes to. Everything happens in a temporary folder that is
/// removed at the end; the first deviation ends the demo with an error.
/// </summary>
internal sealed class Demo(Run run, TextWriter output) : IDisposable
{
    private static readonly TimeSpan Meanwhile = TimeSpan.FromSeconds(0.8);

    private readonly string _folder = Directory.CreateTempSubdirectory("backuptools-demo-").FullName;

    private BackupSettings Settings => new() { SourcePath = In("shop.db"), DestinationPath = In("backups") };

    public void Play()
    {
        output.WriteLine("BackupTools demo: SQLite, in a temporary folder that is removed at the end");
        Title("1. A database in WAL mode; another process commits one order after another");
        Shop.Create(Settings.SourcePath);
        using var clerk = new Clerk(Settings.SourcePath);
        if (clerk.Committed == 0)
        {
            // Ctrl+C reaches both processes.
            run.Execute(host => host.Cancellation).ThrowIfCancellationRequested();
            throw Failed($"no order was committed: {clerk.Stop()}");
        }

        Title("2. Meanwhile: a full backup, and two increments");
        Backup(TakeFull, clerk);
        Backup(TakeIncrement, clerk);
        var (before, atLeast) = Backup(TakeIncrement, clerk);

        Title("3. Test the chain; flip one bit in a copy of it, and test that");
        CatchDamage(Test(Settings.DestinationPath));

        Title("4. A mistake: all orders are deleted. The next increment contains it");
        using (var shop = Shop.Open(Settings.SourcePath))
        {
            Say($"deleted    {Count(shop.DeleteOrders())} orders");
        }
        var (after, _) = Backup(TakeIncrement, clerk);

        Title("5. Restore to two points in time, open with SQLite, look at every row");
        var now = Restore(after);
        Require(now.First > atLeast, "the orders that were deleted are there");
        var then = Restore(before);
        Require(then.First == 1 && then.Last >= atLeast, "an order that had been committed is missing");
        Say($"Each of the {Count(atLeast)} orders that were committed before is back.");

        if (clerk.Stop() is { } complaint)
        {
            throw Failed($"the other process was disturbed: {complaint}");
        }
        output.WriteLine();
        Say($"The other process committed {Count(clerk.Committed)} orders, and never saw an error.");
        output.WriteLine("Everything is as it should be.");
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private BundleInfo TakeFull() => Take(Settings);

    private BundleInfo TakeIncrement() => Take(Settings with { Incremental = true });

    private BundleInfo Take(BackupSettings settings) =>
        run.Execute(host => TakeBackup.Execute(TakeBackup.Plan(settings, host), host))[0];

    /// <summary>Takes a backup after a while; it, and the last order that was committed before it began.</summary>
    private (BundleInfo Bundle, long Committed) Backup(Func<BundleInfo> take, Clerk clerk)
    {
        Thread.Sleep(Meanwhile);
        var committed = clerk.Committed;
        var bundle = take();
        var kind = bundle.Kind == "Full" ? "full" : "increment";
        Say(
            $"{kind, -9}  {Time(bundle)}  {ReportText.Size(bundle.Length), 9} in "
                + $"{ReportText.Seconds(bundle.DurationSeconds)}, {Count(committed)} orders before it"
        );
        return (bundle, committed);
    }

    private ChainReport Test(string folder)
    {
        var report = run.Execute(host =>
            VerifyChain.Run(new VerifySettings { Path = folder, Deep = true }, host).Single()
        );
        var verdict =
            report.IsValid == true
                ? $"valid: {report.Plan.Count} bundles"
                : $"NOT VALID: {string.Join(", ", report.Problems.Select(p => p.Code).Distinct())}";
        Say($"{Path.GetFileName(folder), -9}  {verdict}");
        return report;
    }

    private void CatchDamage(ChainReport sound)
    {
        Require(sound.IsValid == true, "the chain that was just taken is not valid");
        var copy = In("copy");
        foreach (var file in Directory.GetFiles(Settings.DestinationPath, "*", SearchOption.AllDirectories))
        {
            var target = Path.Combine(copy, Path.GetRelativePath(Settings.DestinationPath, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }
        var victim = Path.Combine(copy, Path.GetRelativePath(Settings.DestinationPath, sound.Plan[^1]));
        using (var file = File.Open(victim, FileMode.Open))
        {
            file.Position = file.Length / 2;
            var damaged = (byte)(file.ReadByte() ^ 1);
            file.Position--;
            file.WriteByte(damaged);
        }
        Require(Test(copy).IsValid == false, "one flipped bit went unnoticed by the test");
        Require(IsRefused(copy), "one flipped bit went unnoticed by the restore");
        Require(!File.Exists(In("damaged.db")), "a refused restore left something behind");
        Say("copy       a restore of it is refused, and nothing is written");
    }

    private bool IsRefused(string folder)
    {
        try
        {
            RestoreTo(folder, In("damaged.db"), null);
            return false;
        }
        catch (BackupException)
        {
            return true;
        }
    }

    private (long First, long Last) Restore(BundleInfo bundle)
    {
        var target = In(bundle.CreatedUtc.ToString("'restored-'HHmmssfff'.db'", CultureInfo.InvariantCulture));
        RestoreTo(Settings.DestinationPath, target, bundle.CreatedUtc);
        using var shop = Shop.Open(target);
        var (first, last, wrong) = shop.Look();
        Require(wrong is null, wrong ?? "");
        var rows = first == 0 ? "no orders" : $"orders {Count(first)} to {Count(last)}";
        Say($"restored   {Time(bundle)}  {rows}; they and the stock add up");
        return (first, last);
    }

    private void RestoreTo(string folder, string target, DateTime? time)
    {
        var settings = new RestoreSettings
        {
            Path = folder,
            DestinationPath = target,
            PointInTime = time,
        };
        run.Execute(host => RestoreChain.Execute(RestoreChain.Plan(settings, host), host));
    }

    private void Title(string text)
    {
        output.WriteLine();
        output.WriteLine(text);
    }

    private void Say(string text) => output.WriteLine($"   {text}");

    private string In(string name) => Path.Combine(_folder, name);

    private static string Time(BundleInfo bundle) =>
        bundle.CreatedUtc.ToString("HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    private static string Count(long number) => number.ToString("N0", CultureInfo.InvariantCulture);

    private static void Require(bool holds, string otherwise)
    {
        if (!holds)
        {
            throw Failed(otherwise);
        }
    }

    private static BackupException Failed(string how) => new(ErrorCode.VerificationFailed, $"the demo failed: {how}");
}

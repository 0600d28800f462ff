using BackupTools.Errors;
using BackupTools.Operations;
using BackupTools.Tests.Files;
using BackupTools.Tests.FrontEnds;
using BackupTools.Tests.Operations;

namespace BackupTools.Tests.Hostile;

/// <summary>Something else in the place of a file of a bundle or of a database: refused at once, and nothing is touched.</summary>
public sealed class HostileFileTests(ITestOutputHelper output)
{
    private static readonly TimeSpan s_soon = TimeSpan.FromSeconds(60);

    public static TheoryData<string> Engines => [.. EngineSample.All.Select(s => s.Name)];

    [UnixTheory]
    [MemberData(nameof(Engines))]
    public void A_pipe_is_refused_and_not_waited_for(string engine) =>
        InPlaceOfEach(engine, (_, path) => Posix.MakePipe(path));

    [Theory]
    [MemberData(nameof(Engines))]
    public void A_folder_is_refused(string engine) =>
        InPlaceOfEach(engine, (_, path) => Directory.CreateDirectory(path));

    [UnixTheory]
    [MemberData(nameof(Engines))]
    public void A_link_to_a_file_elsewhere_is_refused(string engine) =>
        InPlaceOfEach(
            engine,
            (box, path) =>
            {
                var elsewhere = box.At("elsewhere");
                File.WriteAllText(elsewhere, "secret");
                File.CreateSymbolicLink(path, elsewhere);
            }
        );

    [UnixTheory]
    [MemberData(nameof(Engines))]
    public void A_device_is_refused(string engine) =>
        InPlaceOfEach(engine, (_, path) => File.CreateSymbolicLink(path, "/dev/zero"));

    [UnixTheory]
    [MemberData(nameof(Engines))]
    public void A_file_of_gigabytes_is_refused_in_little_memory(string engine)
    {
        using var box = new ChainBox(EngineSample.Of(engine));
        foreach (var file in OneOfEachKind(box.Files))
        {
            var path = box.Bundle(file);
            var length = new FileInfo(path).Length;
            Sparse(path, 3L << 30);
            var before = GC.GetTotalAllocatedBytes();
            Soon(() => Assert.True(box.Try() is Verdict.Caught or Verdict.Harmless, file));
            var cost = GC.GetTotalAllocatedBytes() - before;
            output.WriteLine($"{engine}, {file}: {cost >> 10} KiB allocated");
            Assert.InRange(cost, 0, 1L << 30);
            Sparse(path, length);
        }
        Assert.Equal(Verdict.Harmless, box.Try());
    }

    [UnixTheory]
    [MemberData(nameof(Engines))]
    public void A_source_file_that_is_a_pipe_is_refused_and_not_waited_for(string engine) =>
        InPlaceOfEachSource(engine, (_, path) => Posix.MakePipe(path), mayBeFollowed: false);

    [UnixTheory]
    [MemberData(nameof(Engines))]
    public void A_source_file_that_is_a_link_is_refused_or_followed_and_never_left_out(string engine) =>
        InPlaceOfEachSource(engine, (aside, path) => File.CreateSymbolicLink(path, aside), mayBeFollowed: true);

    private void InPlaceOfEachSource(string engine, Action<string, string> put, bool mayBeFollowed)
    {
        using var box = new ChainBox(EngineSample.Of(engine));
        var settings = EngineSample.Of(engine).Settings(box.At("s"), box.At("n"));
        foreach (var file in OneOfEachKind(Directory.GetFiles(box.At("s"), "*", SearchOption.AllDirectories)))
        {
            var name = Path.GetFileName(file);
            if (
                name.EndsWith(".lock", StringComparison.Ordinal)
                || name.StartsWith("backup_cursor", StringComparison.Ordinal)
            )
            {
                continue; // ours
            }
            var aside = box.At("aside");
            File.Move(file, aside);
            put(aside, file);
            Soon(() =>
            {
                try
                {
                    Verbs.Full(settings, new OperationHost());
                }
                catch (BackupException e) when (e.Code != ErrorCode.Unexpected)
                {
                    output.WriteLine($"{engine}, {name}: {e.Code}");
                    Assert.False(Directory.Exists(settings.DestinationPath), $"{name}: something is left");
                    return;
                }
                output.WriteLine($"{engine}, {name}: followed");
                Assert.True(mayBeFollowed && box.IsNewest(settings.DestinationPath), $"{name} was left out");
                Directory.Delete(settings.DestinationPath, recursive: true);
            });
            File.Delete(file);
            File.Move(aside, file);
        }
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void What_was_restored_may_be_written_to_without_harm_to_the_bundles(string engine)
    {
        using var box = new ChainBox(EngineSample.Of(engine));
        var restore = new RestoreSettings
        {
            Path = box.Bundles,
            DestinationPath = box.At("kept", EngineSample.Of(engine).SourceName),
        };
        Verbs.Restore(restore, new OperationHost());
        foreach (var file in Directory.GetFiles(box.At("kept"), "*", SearchOption.AllDirectories))
        {
            using var stream = File.OpenWrite(file);
            stream.Write("overwritten"u8);
        }
        Assert.Equal(Verdict.Harmless, box.Try());
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void A_source_that_is_written_to_after_the_backup_does_no_harm_to_the_bundles(string engine)
    {
        using var box = new ChainBox(EngineSample.Of(engine));
        foreach (var file in Directory.GetFiles(box.At("s"), "*", SearchOption.AllDirectories))
        {
            using var stream = File.OpenWrite(file);
            stream.Write("overwritten"u8);
        }
        Assert.Equal(Verdict.Harmless, box.Try());
    }

    private void InPlaceOfEach(string engine, Action<ChainBox, string> put)
    {
        using var box = new ChainBox(EngineSample.Of(engine));
        foreach (var file in OneOfEachKind(box.Files))
        {
            var path = box.Bundle(file);
            var aside = box.At("aside");
            File.Move(path, aside);
            put(box, path);
            var verdict = Verdict.Wrong;
            Soon(() => verdict = box.Try());
            output.WriteLine($"{engine}, {file}: {verdict}");
            // What is not a file is no bundle of SPG's, as if it were missing; nobody reads Alopex' "latest".
            Assert.True(
                verdict is Verdict.Caught
                    || (verdict, engine, file) switch
                    {
                        (Verdict.Older, "SPG", _) => true,
                        (Verdict.Harmless, "Alopex", "latest") => true,
                        _ => false,
                    },
                $"{verdict}: {file}"
            );
            if (Directory.Exists(path))
            {
                Directory.Delete(path);
            }
            else
            {
                File.Delete(path);
            }
            File.Move(aside, path);
        }
        Assert.Equal(Verdict.Harmless, box.Try());
    }

    /// <summary>All in a long run, else one table and one index of each folder, and every file whose name tells its kind.</summary>
    private static IEnumerable<string> OneOfEachKind(IEnumerable<string> files) =>
        SoakBudget.IsLong
            ? files
            : files
                .Order(StringComparer.Ordinal)
                .DistinctBy(file =>
                    Path.GetExtension(file) is ".heap" or ".idx" or ".delta" or ".sst"
                        ? Path.Combine(Path.GetDirectoryName(file)!, Path.GetExtension(file))
                        : file
                );

    private static void Soon(Action action)
    {
        // A thread of its own: one that waits for a pipe cannot be told to stop.
        Exception? thrown = null;
        var thread = new Thread(() => thrown = Record.Exception(action)) { IsBackground = true };
        thread.Start();
        Assert.True(thread.Join(s_soon), "it hangs");
        if (thrown is not null)
        {
            throw new InvalidOperationException("in its thread", thrown);
        }
    }

    private static void Sparse(string path, long length)
    {
        using var file = File.OpenWrite(path);
        file.SetLength(length);
    }
}

using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Operations;
using BackupTools.Tests.Files;

namespace BackupTools.Tests.Operations;

/// <summary>Bad input of every kind gets one clear error and leaves nothing behind.</summary>
public sealed class BadInputTests : IDisposable
{
    private readonly SpgSandbox _box = new();

    [Fact]
    public void A_source_that_is_missing() =>
        Refused(ErrorCode.PathNotFound, () => _box.Full(_box.Settings() with { SourcePath = _box.At("no.db") }));

    [Theory]
    [InlineData(0, false)]
    [InlineData(5, false)]
    [InlineData(null, true)]
    public void A_differential_that_is_to_continue_from_somewhere(int? since, bool bundle)
    {
        Directory.CreateDirectory(_box.At("shop"));
        foreach (var file in Directory.EnumerateFiles(Path.Combine(AppContext.BaseDirectory, "fixtures/powdb/S0")))
        {
            File.Copy(file, _box.At("shop", Path.GetFileName(file)));
        }
        var settings = _box.Settings() with { SourcePath = _box.At("shop") };
        var full = _box.Full(settings);
        Refused(
            ErrorCode.InvalidOption,
            () =>
                _box.Increment(
                    settings with
                    {
                        Differential = true,
                        Since = (ulong?)since,
                        SinceBundle = bundle ? full.FullName : null,
                    }
                )
        );
    }

    [Fact]
    public void A_source_that_is_empty()
    {
        File.WriteAllBytes(_box.At("empty.db"), []);
        Refused(
            ErrorCode.SourceNotRecognised,
            () => _box.Full(_box.Settings() with { SourcePath = _box.At("empty.db") })
        );
    }

    [Fact]
    public void A_source_that_may_not_be_read()
    {
        var disk = new Engines.Spg.HookedDisk
        {
            Opening = path => throw new BackupException(ErrorCode.AccessDenied, "reading is not allowed", path),
        };
        Refused(ErrorCode.AccessDenied, () => _ = TakeBackup.Plan(_box.Settings(), new OperationHost { Disk = disk }));
    }

    [Fact]
    public void A_source_that_is_a_folder_of_something_else()
    {
        Directory.CreateDirectory(_box.At("folder"));
        Refused(
            ErrorCode.SourceNotRecognised,
            () => _box.Full(_box.Settings() with { SourcePath = _box.At("folder") })
        );
    }

    [Fact]
    public void A_source_with_the_wrong_magic()
    {
        File.WriteAllText(_box.At("letter.db"), "Dear aunt, thank you for the socks.");
        Refused(
            ErrorCode.SourceNotRecognised,
            () => _box.Full(_box.Settings() with { SourcePath = _box.At("letter.db") })
        );
    }

    [Fact]
    public void A_source_whose_content_is_damaged()
    {
        var bytes = File.ReadAllBytes(_box.Db);
        bytes[^10] ^= 0x40;
        File.WriteAllBytes(_box.Db, bytes);
        Refused(ErrorCode.SourceDamaged, () => _box.Full());
    }

    [Fact]
    public void An_engine_that_nobody_knows() =>
        Refused(ErrorCode.UnknownEngine, () => _box.Full(_box.Settings() with { Engine = "Oracle" }));

    [Fact]
    public void An_option_of_another_engine() =>
        Refused(ErrorCode.InvalidOption, () => _box.Full(_box.Settings() with { IncludeWal = true }));

    [Fact]
    public void A_log_that_is_missing() =>
        Refused(ErrorCode.PathNotFound, () => _box.Full(_box.Settings() with { WalPath = _box.At("no.wal") }));

    [Theory]
    [InlineData("a.db")]
    [InlineData(".")]
    public void A_destination_that_is_the_source_or_holds_it(string destination) =>
        Refused(
            ErrorCode.DestinationOverlapsSource,
            () =>
                _box.Full(
                    _box.Settings() with
                    {
                        DestinationPath = Path.TrimEndingDirectorySeparator(Path.GetFullPath(_box.At(destination))),
                    }
                )
        );

    /// <summary>A forced restore takes the log away, and with it took the bundles that it had just read.</summary>
    [Fact]
    public void A_destination_in_the_log_of_the_database_and_a_database_whose_log_holds_the_bundles()
    {
        using var box = EngineSandbox.Of("Grafeo");
        box.Become("S1");
        var inside = Path.Combine(box.Source + ".wal", "b");
        Refused(ErrorCode.DestinationOverlapsSource, () => box.Full(box.Settings() with { DestinationPath = inside }));
        box.Full();
        CopyOf(box.Bundles, inside);
        Refused(
            ErrorCode.DestinationOverlapsSource,
            () =>
                box.Restore(
                    new RestoreSettings
                    {
                        Path = inside,
                        DestinationPath = box.Source,
                        Force = true,
                    }
                )
        );

        static void CopyOf(string folder, string to)
        {
            Directory.CreateDirectory(to);
            foreach (var file in Directory.GetFiles(folder))
            {
                File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
            }
        }
    }

    [Fact(Skip = "Wine makes no symbolic links", SkipType = typeof(WindowsHost), SkipWhen = nameof(WindowsHost.IsWine))]
    public void A_destination_that_leads_to_the_source_by_a_link()
    {
        Directory.CreateSymbolicLink(_box.At("link"), _box.Folder);
        Refused(
            ErrorCode.DestinationOverlapsSource,
            () => _box.Full(_box.Settings() with { DestinationPath = _box.At("link") })
        );
    }

    [Fact]
    public void A_destination_that_is_a_file()
    {
        File.WriteAllText(_box.At("file"), "x");
        Refused(
            ErrorCode.DestinationExists,
            () => _box.Full(_box.Settings() with { DestinationPath = _box.At("file") })
        );
    }

    [Fact]
    public void A_destination_in_which_another_run_works()
    {
        using var running = FolderLock.Acquire(LocalDisk.Instance, _box.Bundles);
        Refused(ErrorCode.BackupRunning, () => _box.Full());
    }

    [Fact]
    public void A_folder_without_bundles()
    {
        Directory.CreateDirectory(_box.Bundles);
        Refused(ErrorCode.NoBundles, () => _box.Restore());
        Refused(ErrorCode.NoBundles, () => _box.Test());
    }

    [Fact]
    public void A_folder_of_bundles_that_is_missing()
    {
        Refused(ErrorCode.PathNotFound, () => _box.Restore());
        Refused(ErrorCode.PathNotFound, () => _box.Test());
        Refused(ErrorCode.PathNotFound, () => _ = ReadHeaders.Read(_box.Bundles, false, null, _box.Host()));
    }

    [Fact]
    public void A_chain_that_is_not_there()
    {
        _box.Full();
        Refused(
            ErrorCode.ChainNotFound,
            () => _box.Restore(_box.RestoreTo("r", "rec.db") with { ChainId = "000000000000" })
        );
    }

    [Fact]
    public void A_file_that_is_no_bundle()
    {
        File.WriteAllText(_box.At("letter"), "Dear aunt");
        var reading = Assert.Single(ReadHeaders.Read(_box.At("letter"), false, null, _box.Host()));
        Assert.Equal(ErrorCode.BundleNotRecognised, reading.Error!.Code);
    }

    [Fact]
    public void A_restore_into_the_folder_of_the_bundles()
    {
        _box.Full();
        Refused(ErrorCode.DestinationOverlapsSource, () => _box.Restore(_box.RestoreTo("b", "rec.db")));
    }

    [Fact]
    public void A_position_and_a_time_at_once()
    {
        _box.Full();
        Refused(
            ErrorCode.InvalidOption,
            () =>
                _box.Restore(
                    _box.RestoreTo("r", "rec.db") with
                    {
                        ToPosition = 1,
                        PointInTime = DateTimeOffset.UnixEpoch,
                    }
                )
        );
    }

    [Fact]
    public void A_run_that_is_cancelled()
    {
        var plan = TakeBackup.Plan(_box.Settings(), _box.Host());
        var before = _box.Inventory();
        Assert.ThrowsAny<OperationCanceledException>(() =>
            TakeBackup.Execute(plan, _box.Host(new CancellationToken(canceled: true)))
        );
        Assert.Equal(before, _box.Inventory());
    }

    /// <summary>One error of that code, with words for what and what to do, and a disk as it was.</summary>
    private void Refused(ErrorCode code, Action action)
    {
        var before = _box.Inventory();
        var error = Assert.Throws<BackupException>(action);
        Assert.Equal(code, error.Code);
        Assert.DoesNotContain('\n', error.Describe());
        Assert.NotEmpty(error.Message);
        Assert.NotEmpty(error.Recommendation);
        Assert.Equal(before, _box.Inventory());
    }

    public void Dispose() => _box.Dispose();
}

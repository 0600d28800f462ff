using BackupTools.Errors;
using BackupTools.Operations;
using BackupTools.Tests.Operations;

namespace BackupTools.Tests.FrontEnds;

/// <summary>An address of a store or a server is no path: a folder named "s3:" would look like a backup that left the machine.</summary>
public sealed class ConsoleAddressTests : IDisposable
{
    private readonly SpgSandbox _sandbox = new();

    public void Dispose() => _sandbox.Dispose();

    [Theory]
    [InlineData("full S3 --destination-path FOLDER")]
    [InlineData("incremental S3 --destination-path FOLDER")]
    [InlineData("restore BUNDLES --destination-path S3")]
    [InlineData("report BUNDLES --destination-path S3")]
    public void Every_verb_that_writes_refuses_a_store_by_name_and_makes_nothing(string line) =>
        Refuses(line, "s3://bucket/prefix");

    [Theory]
    [InlineData("header GS")]
    [InlineData("chain GS")]
    [InlineData("test GS")]
    [InlineData("restore GS --destination-path FOLDER")]
    [InlineData("merge GS --destination-path FOLDER")]
    [InlineData("copy GS --destination-path FOLDER")]
    [InlineData("report GS --destination-path FOLDER")]
    public void Every_verb_that_reads_refuses_an_address_that_is_of_no_store_it_knows(string line) =>
        Refuses(line, "gs://container/prefix");

    [Theory]
    [InlineData("header SECRET")]
    [InlineData("restore SECRET --destination-path FOLDER")]
    [InlineData("copy BUNDLES --destination-path SECRET")]
    [InlineData("merge BUNDLES --destination-path SECRET")]
    [InlineData("prune SECRET --keep-last 1")]
    [InlineData("full DB --destination-path SECRET")]
    [InlineData("incremental DB --destination-path SECRET")]
    public void Credentials_in_an_address_are_refused_and_not_repeated(string line)
    {
        var result = Refuses(line, "s3://***@bucket/prefix");
        Assert.DoesNotContain("pa55word", result.Error + result.Out, StringComparison.Ordinal);
    }

    private ChildResult Refuses(string line, string named)
    {
        Assert.Equal(0, ChildProcess.Console("full", _sandbox.Db, "--destination-path", _sandbox.Bundles).ExitCode);
        var here = Directory.CreateDirectory(_sandbox.At("here")).FullName;
        string[] args =
        [
            .. line.Split(' ')
                .Select(word =>
                    word switch
                    {
                        "DB" => _sandbox.Db,
                        "BUNDLES" => _sandbox.Bundles,
                        "S3" => "s3://bucket/prefix",
                        "GS" => "gs://container/prefix",
                        "SECRET" => "s3://user:pa55word@bucket/prefix",
                        "FOLDER" => "new",
                        _ => word,
                    }
                ),
        ];
        var result = ChildProcess.ConsoleIn(here, args);
        Assert.Equal(2, result.ExitCode);
        Assert.Contains("ProviderNotSupported", result.Error, StringComparison.Ordinal);
        Assert.Contains(named, result.Error, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(here));
        return result;
    }

    [Theory]
    [InlineData("s3://bucket")]
    [InlineData("az://container/x")]
    [InlineData("gs://container/x")]
    [InlineData("https://host/x")]
    [InlineData("file:///tmp/x")]
    [InlineData("s3:/bucket")]
    [InlineData("s3:lab/x")]
    [InlineData("AZ:lab")]
    [InlineData(@"az:\container")]
    public void An_address_is_told_by_its_scheme(string address) =>
        Assert.Equal(
            ErrorCode.ProviderNotSupported,
            Assert.Throws<BackupException>(() => LocalPath.Absolute(address)).Code
        );

    [Theory]
    [InlineData("s3:/bucket/a", "s3:/bucket/a")]
    [InlineData("s3:lab/x", "s3:lab/x")]
    [InlineData(@"az:\container\a", @"az:\container\a")]
    [InlineData("s3:/key:secret@bucket", "s3:/***@bucket")]
    [InlineData("s3:key:secret@bucket/a", "s3:***@bucket/a")]
    public void What_is_neither_is_shown_as_it_was_typed(string typed, string shown)
    {
        var error = Assert.Throws<BackupException>(() => LocalPath.AbsoluteOrStore(typed));
        Assert.Equal($"'{shown}' is neither a path of this machine nor an address", error.Describe());
    }

    [Theory]
    [InlineData("copy BUNDLES --destination-path s3:lab/x", "s3:lab/x")]
    [InlineData("full DB --destination-path s3:/lab/x", "s3:/lab/x")]
    public void With_a_slash_too_few_no_folder_is_made(string line, string named) => Refuses(line, $"'{named}'");

    [Theory]
    [InlineData("s3://bucket/a/b", "s3://bucket/a/b")]
    [InlineData("S3://bucket//a/b/", "s3://bucket/a/b")]
    [InlineData("s3://bucket", "s3://bucket")]
    [InlineData("AZ://container//a/b/", "az://container/a/b")]
    [InlineData("s3://bucket/a [1]*.bkp", "s3://bucket/a [1]*.bkp")]
    public void The_address_of_a_store_is_taken_literally(string address, string shown) =>
        Assert.Equal(shown, LocalPath.AbsoluteOrStore(address));

    [Theory]
    [InlineData("s3://")]
    [InlineData("s3:///a")]
    [InlineData("s3://key:secret@bucket")]
    [InlineData("az:///a")]
    [InlineData("gs://container")]
    public void An_address_that_names_no_bucket_is_refused(string address) =>
        Assert.Equal(
            ErrorCode.ProviderNotSupported,
            Assert.Throws<BackupException>(() => LocalPath.AbsoluteOrStore(address)).Code
        );

    /// <summary>As a script has it whose variable has no value.</summary>
    [Theory]
    [InlineData("")]
    [InlineData("DB")]
    public void A_path_that_is_empty_is_said_to_be(string source)
    {
        using var box = new SpgSandbox();
        var run = ChildProcess.Console("full", source == "DB" ? box.Db : source, "--destination-path", "");
        Assert.StartsWith($"error {ErrorCode.InvalidOption}: an empty path", run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("C://Users", true)]
    [InlineData("./s3://bucket", false)]
    [InlineData("/srv/a://b", false)]
    [InlineData("./s3:lab", false)]
    [InlineData("s3x:lab", false)]
    [InlineData("lab:x", false)]
    [InlineData("://x", false)]
    public void A_path_stays_a_path(string path, bool onWindows)
    {
        var refused = Record.Exception(() => LocalPath.Require(path)) as BackupException;
        Assert.Equal(OperatingSystem.IsWindows() && !onWindows ? ErrorCode.InvalidOption : null, refused?.Code);
    }
}

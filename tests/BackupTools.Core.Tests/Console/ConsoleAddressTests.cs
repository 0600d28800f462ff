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
    [InlineData("full DB --destination-path ADDRESS")]
    [InlineData("full ADDRESS --destination-path FOLDER")]
    [InlineData("incremental DB --destination-path ADDRESS")]
    [InlineData("header ADDRESS")]
    [InlineData("chain ADDRESS")]
    [InlineData("test ADDRESS")]
    [InlineData("restore ADDRESS --destination-path FOLDER")]
    [InlineData("restore BUNDLES --destination-path ADDRESS")]
    [InlineData("merge BUNDLES --destination-path ADDRESS")]
    [InlineData("copy BUNDLES --destination-path ADDRESS")]
    [InlineData("copy ADDRESS --destination-path FOLDER")]
    [InlineData("prune ADDRESS --keep-last 1")]
    [InlineData("report BUNDLES --destination-path ADDRESS")]
    public void Every_verb_refuses_an_address_by_name_and_makes_nothing(string line)
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
                        "ADDRESS" => "s3://bucket/prefix",
                        "FOLDER" => "new",
                        _ => word,
                    }
                ),
        ];
        var result = ChildProcess.ConsoleIn(here, args);
        Assert.Equal(2, result.ExitCode);
        Assert.Contains("ProviderNotSupported", result.Error, StringComparison.Ordinal);
        Assert.Contains("s3://bucket/prefix", result.Error, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(here));
    }

    [Theory]
    [InlineData("s3://bucket")]
    [InlineData("az://container/x")]
    [InlineData("https://host/x")]
    [InlineData("file:///tmp/x")]
    public void An_address_is_told_by_its_scheme(string address) =>
        Assert.Equal(
            ErrorCode.ProviderNotSupported,
            Assert.Throws<BackupException>(() => LocalPath.Absolute(address)).Code
        );

    [Theory]
    [InlineData("C://Users", true)]
    [InlineData("s3:/bucket", false)]
    [InlineData("./s3://bucket", false)]
    [InlineData("/srv/a://b", false)]
    [InlineData("://x", false)]
    public void A_path_stays_a_path(string path, bool onWindows)
    {
        var refused = Record.Exception(() => LocalPath.Require(path)) as BackupException;
        Assert.Equal(OperatingSystem.IsWindows() && !onWindows ? ErrorCode.UnsafeName : null, refused?.Code);
    }
}

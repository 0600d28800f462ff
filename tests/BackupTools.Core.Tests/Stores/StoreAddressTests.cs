using BackupTools.Errors;
using BackupTools.Files;

namespace BackupTools.Tests.Stores;

/// <summary>Addresses inside the library, after whatever the path functions of any system have made of them.</summary>
public sealed class StoreAddressTests
{
    [Theory]
    [InlineData("s3://bucket/a/b", "s3://bucket/a/b", "bucket", "a/b")]
    [InlineData("s3:/bucket/a/b", "s3://bucket/a/b", "bucket", "a/b")]
    [InlineData(@"s3:\bucket\a\b", "s3://bucket/a/b", "bucket", "a/b")]
    [InlineData(@"s3://bucket/a\b", "s3://bucket/a/b", "bucket", "a/b")]
    [InlineData("S3://bucket/a//b/", "s3://bucket/a/b", "bucket", "a/b")]
    [InlineData("s3://bucket", "s3://bucket", "bucket", "")]
    [InlineData("s3:", "s3://", "", "")]
    public void Any_separators_name_the_same_object(string path, string shown, string bucket, string key)
    {
        Assert.True(StoreAddress.Is(path));
        Assert.Equal(shown, StoreAddress.Of(path));
        Assert.Equal((bucket, key), StoreAddress.Parse(path));
    }

    [Theory]
    [InlineData("/s3:/bucket")]
    [InlineData("./s3://bucket")]
    [InlineData("s3")]
    [InlineData("s3:file")]
    [InlineData(@"C:\s3:\bucket")]
    [InlineData("https://host/x")]
    public void Nothing_else_is_an_address_of_a_store(string path)
    {
        Assert.False(StoreAddress.Is(path));
        Assert.Equal(path, StoreAddress.Of(path));
    }

    [Theory]
    [InlineData("s3://user:password@bucket/a", "s3://***@bucket/a")]
    [InlineData("s3:/user:password@bucket/a@b", "s3://***@bucket/a@b")]
    [InlineData("https://user:p@ssword@host", "https://***@host")]
    [InlineData("s3://bucket/a@b", "s3://bucket/a@b")]
    [InlineData("/srv/a://user@b", "/srv/a://user@b")]
    public void No_password_is_shown(string address, string shown)
    {
        Assert.Equal(shown, StoreAddress.Of(address));
        Assert.Equal(shown, new BackupException(ErrorCode.PathNotFound, "x", address).FullName);
        Assert.Equal(shown, new BackupException(ErrorCode.PathNotFound, "x").At(address).FullName);
    }

    [Fact]
    public void What_the_path_functions_make_of_an_address_is_still_one()
    {
        const string bundle = "s3://bucket/a/b";
        Assert.Equal("s3://bucket/a", StoreAddress.Of(Path.GetDirectoryName(bundle)!));
        Assert.Equal("s3://bucket", StoreAddress.Of(Path.GetDirectoryName(Path.GetDirectoryName(bundle))!));
        Assert.Equal("s3://bucket/a/b/c", StoreAddress.Of(Path.Combine(bundle, "c")));
        Assert.Equal(bundle, RealPath.Of(bundle, LocalDisk.Instance));
    }
}

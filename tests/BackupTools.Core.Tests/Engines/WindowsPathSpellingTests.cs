using BackupTools.Engines;

namespace BackupTools.Tests.Engines;

public sealed class WindowsPathSpellingTests
{
    [Theory]
    [InlineData(@"C:\data\shop.db:hidden")]
    [InlineData("shop.db:hidden:$DATA")]
    [InlineData(@"\\server\share\aux.txt")]
    [InlineData(@"\\server")]
    [InlineData("//server/")]
    [InlineData("C:/backups/CON")]
    [InlineData("backups/nul/shop.db")]
    [InlineData(@"C:\data\shop.db ")]
    [InlineData(@"C:\data.\shop.db")]
    [InlineData(@"C:\data\shop...")]
    public void A_path_that_leads_elsewhere_is_refused(string path) => Assert.NotNull(WindowsPath.WhyNot(path));

    [Theory]
    [InlineData(@"C:\data\shop.db")]
    [InlineData("C:shop.db")]
    [InlineData(@"..\.\backups\")]
    [InlineData("backups/shop.v2.db")]
    [InlineData(@"\\server\share$\console\shop.db")]
    [InlineData(@"\\?\GLOBALROOT\Device\HarddiskVolumeShadowCopy1\data\shop.db")]
    [InlineData(@"\\?\C:\data\aux.txt")]
    [InlineData("")]
    public void Any_other_is_taken(string path) => Assert.Null(WindowsPath.WhyNot(path));
}

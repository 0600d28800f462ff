using BackupTools.Formats.Primitives;

namespace BackupTools.Tests.Formats.Primitives;

/// <summary>The names that Microsoft's "Naming Files, Paths, and Namespaces" and CreateFile reserve.</summary>
public sealed class DeviceNamesTests
{
    public static TheoryData<string> Devices =>
        [
            .. new[] { "CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$" },
            .. from port in new[] { "COM", "LPT" } from digit in "0123456789¹²³" select $"{port}{digit}",
        ];

    [Theory]
    [MemberData(nameof(Devices))]
    public void A_device_is_one_in_any_case_with_any_extension_and_with_spaces(string name)
    {
        Assert.True(DeviceNames.Contains(name));
        Assert.True(DeviceNames.Contains(name.ToLowerInvariant()));
        Assert.True(DeviceNames.Contains($"{name}.txt"));
        Assert.True(DeviceNames.Contains($"{name}.tar.gz"));
        Assert.True(DeviceNames.Contains($"{name} "));
        Assert.True(DeviceNames.Contains($"{name}  .log"));
    }

    [Theory]
    [MemberData(nameof(Devices))]
    public void With_another_letter_it_is_a_name_like_any_other(string name)
    {
        Assert.False(DeviceNames.Contains($"{name}x"));
        Assert.False(DeviceNames.Contains($"x{name}"));
        Assert.False(DeviceNames.Contains($" {name}"));
        Assert.False(DeviceNames.Contains($"x.{name}"));
        Assert.False(DeviceNames.Contains($"x{name[1..]}"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("COM")]
    [InlineData("LPT")]
    [InlineData("COM10")]
    [InlineData("LPT/")]
    [InlineData("COM:")]
    [InlineData("COMx")]
    [InlineData("COM⁴")]
    [InlineData("TAPE")]
    [InlineData("LPX1")]
    public void What_is_only_like_a_device_is_none(string name) => Assert.False(DeviceNames.Contains(name));
}

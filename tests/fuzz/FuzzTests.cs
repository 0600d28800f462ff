using Xunit;

namespace BackupTools.Fuzz;

/// <summary>The short version, the same inputs every time; the long one is "dotnet run --project tests/fuzz".</summary>
public sealed class FuzzTests(ITestOutputHelper output)
{
    private const ulong Seed = 1;

    public static TheoryData<string> Parsers => [.. FuzzParsers.All.Keys];

    [Theory]
    [MemberData(nameof(Parsers))]
    public void Any_input_ends_in_a_value_or_a_refusal_soon_and_in_little_memory(string parser)
    {
        var fuzz = FuzzParsers.Make(parser);
        var result = new FuzzRun(fuzz, Seed).Run(fuzz.Inputs);

        output.WriteLine($"{parser}: {result}");
        Assert.Equal(fuzz.Inputs, result.Inputs);
        Assert.InRange(result.Refusals, fuzz.Inputs / 100, fuzz.Inputs);
    }

    [Theory]
    [MemberData(nameof(Parsers))]
    public void The_sound_inputs_are_read(string parser)
    {
        var fuzz = FuzzParsers.Make(parser);
        var values = 0;
        foreach (var seed in fuzz.Seeds)
        {
            var dice = new Dice(Seed, values);
            try
            {
                fuzz.Read(seed, ref dice);
                values++;
            }
            catch (Errors.BackupException) { } // fixtures with damage are among them
        }
        Assert.NotEqual(0, values);
    }
}

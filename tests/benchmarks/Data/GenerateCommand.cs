using System.CommandLine;

namespace BackupTools.Benchmarks.Data;

/// <summary>"generate" and "change": the data alone, for other tools and for looking at.</summary>
internal static class GenerateCommand
{
    public static Command CreateData()
    {
        var engine = new Argument<string>("ENGINE");
        var folder = new Argument<string>("FOLDER");
        var size = ByteSize.Option("--size", "1G");
        var seed = Seed();
        var command = new Command("generate", "Creates a database in a folder.") { engine, folder, size, seed };
        command.SetAction(result =>
        {
            var home = Directory.CreateDirectory(result.GetValue(folder)!).FullName;
            var shape = Shapes.ByName(result.GetValue(engine)!);
            Console.WriteLine(shape.Create(home, ByteSize.Parse(result.GetValue(size)!), result.GetValue(seed)));
        });
        return command;
    }

    public static Command ChangeData()
    {
        var engine = new Argument<string>("ENGINE");
        var source = new Argument<string>("SOURCE");
        var size = ByteSize.Option("--size", "10M");
        var seed = Seed();
        var command = new Command("change", "Changes a database that was generated.") { engine, source, size, seed };
        command.SetAction(result =>
            Shapes
                .ByName(result.GetValue(engine)!)
                .Change(result.GetValue(source)!, ByteSize.Parse(result.GetValue(size)!), result.GetValue(seed))
        );
        return command;
    }

    public static Command CreateMany()
    {
        var engine = new Argument<string>("ENGINE");
        var folder = new Argument<string>("FOLDER");
        var count = new Option<int>("--count") { Description = "Bundles.", DefaultValueFactory = _ => 10_000 };
        var command = new Command("many", "Makes a folder of many bundles, and one of ten, of one small database.")
        {
            engine,
            folder,
            count,
        };
        command.SetAction(result =>
        {
            var home = Directory.CreateDirectory(result.GetValue(folder)!).FullName;
            var many = new ManyBundles(Shapes.ByName(result.GetValue(engine)!), home);
            Console.WriteLine(many.Make(result.GetValue(count)));
        });
        return command;
    }

    private static Option<long> Seed() =>
        new("--seed") { Description = "The same seed gives the same bytes.", DefaultValueFactory = _ => 1 };
}

using System.CommandLine;
using BackupTools.Benchmarks.Compare;
using BackupTools.Benchmarks.Data;

var engine = new Option<string>("--engine") { Required = true };
var folder = new Argument<string>("FOLDER");
var size = new Option<long>("--bytes") { DefaultValueFactory = _ => 1L << 30 };
var seed = new Option<long>("--seed") { DefaultValueFactory = _ => 1 };
var generate = new Command("generate") { engine, folder, size, seed };
generate.SetAction(r =>
{
    Directory.CreateDirectory(r.GetValue(folder)!);
    Console.WriteLine(
        Shapes.ByName(r.GetValue(engine)!).Create(r.GetValue(folder)!, r.GetValue(size), r.GetValue(seed))
    );
});
var change = new Command("change") { engine, folder, size, seed };
change.SetAction(r =>
    Shapes.ByName(r.GetValue(engine)!).Change(r.GetValue(folder)!, r.GetValue(size), r.GetValue(seed))
);
return new RootCommand { CompareCommand.Create(), generate, change }
    .Parse(args)
    .Invoke();

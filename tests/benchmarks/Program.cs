using System.CommandLine;
using BackupTools.Benchmarks.Compare;
using BackupTools.Benchmarks.Data;
using BackupTools.Benchmarks.Micro;

return new RootCommand("Measures BackupTools.")
{
    CompareCommand.Create(),
    MicroCommand.Create(),
    GenerateCommand.CreateData(),
    GenerateCommand.ChangeData(),
    GenerateCommand.CreateMany(),
}
    .Parse(args)
    .Invoke();

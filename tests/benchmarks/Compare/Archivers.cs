namespace BackupTools.Benchmarks.Compare;

/// <summary>A general backup program with a repository of its own.</summary>
internal abstract class Archiver(Workshop workshop, string name)
{
    public string Name => name;

    /// <summary>Repository and caches together, so that both can be put back to an earlier state.</summary>
    protected string Home { get; } = workshop.PathOf(name);

    private string Base => Home + ".base";

    protected abstract ProgramCall Init { get; }

    protected abstract ProgramCall Backup(string source);

    protected abstract ProgramCall Restore(string target);

    /// <summary>The first backup into an empty repository.</summary>
    public Contestant First(string source) =>
        Contestant.Program(
            name,
            Backup(source),
            () =>
            {
                Workshop.Delete(Home);
                Directory.CreateDirectory(Home);
                ChildProcess.Run(Init);
            }
        );

    /// <summary>What the repository holds now is what later backups start from.</summary>
    public void Keep()
    {
        // Not by links: borg changes its caches in place.
        Workshop.CopyTree(Home, Base);
    }

    public Contestant Next(string source) =>
        Contestant.Program(name, Backup(source), () => Workshop.CopyTree(Base, Home));

    public Contestant Extract(string target) =>
        Contestant.Program(
            name,
            Restore(target),
            () =>
            {
                Workshop.Delete(target);
                Directory.CreateDirectory(target);
            }
        );

    /// <summary>Those that are installed.</summary>
    public static IReadOnlyList<Archiver> Installed(Workshop workshop)
    {
        var found = new List<Archiver>();
        if (Workshop.Has("borg"))
        {
            found.Add(new Borg(workshop));
        }
        if (Workshop.Has("restic"))
        {
            found.Add(new Restic(workshop));
        }
        return found;
    }

    /// <summary>Borg with its defaults, without encryption. It flushes what it writes.</summary>
    private sealed class Borg(Workshop workshop) : Archiver(workshop, "borg")
    {
        private string Repository => Path.Combine(Home, "repository");

        protected override ProgramCall Init => Call("init", "-e", "none", Repository);

        protected override ProgramCall Backup(string source) => Call("create", $"{Repository}::{{now:%s%f}}", source);

        protected override ProgramCall Restore(string target) =>
            new(
                "sh",
                "-c",
                "cd \"$1\" && exec borg extract \"$2::$(borg list --last 1 --short \"$2\")\"",
                "sh",
                target,
                Repository
            )
            {
                Environment = Call().Environment,
            };

        private ProgramCall Call(params string[] arguments) =>
            new("borg", arguments)
            {
                Environment = new Dictionary<string, string>
                {
                    ["BORG_BASE_DIR"] = Path.Combine(Home, "borg"),
                    ["BORG_RELOCATED_REPO_ACCESS_IS_OK"] = "yes",
                    ["BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK"] = "yes",
                },
            };
    }

    /// <summary>Restic with its defaults; it cannot do without encryption. It flushes what it writes.</summary>
    private sealed class Restic(Workshop workshop) : Archiver(workshop, "restic")
    {
        protected override ProgramCall Init => Call("init");

        protected override ProgramCall Backup(string source) => Call("backup", source);

        protected override ProgramCall Restore(string target) => Call("restore", "latest", "--target", target);

        private ProgramCall Call(params string[] arguments) =>
            new("restic", arguments)
            {
                Environment = new Dictionary<string, string>
                {
                    ["RESTIC_REPOSITORY"] = Path.Combine(Home, "repository"),
                    ["RESTIC_CACHE_DIR"] = Path.Combine(Home, "cache"),
                    ["RESTIC_PASSWORD"] = "benchmark",
                },
            };
    }
}

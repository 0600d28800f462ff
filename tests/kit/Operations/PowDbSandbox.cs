using BackupTools.Tests.Engines.PowDb;

namespace BackupTools.Tests.Operations;

/// <summary>A PowDB data directory of two small tables, in the layout of 0.4.x.</summary>
internal sealed class PowDbSandbox : EngineSandbox
{
    private readonly PowDbTestDatabase _database = new();
    private int _tables;

    public PowDbSandbox()
    {
        AddTable(2, rows: 40);
        AddTable(1);
        Write();
    }

    public override string NameInFolder => "data";

    public override string Source => At("data");

    /// <summary>S1: a page more and a page changed. S2: a table more, one without its last page.</summary>
    public override void Become(string state)
    {
        if (state == "S1")
        {
            _database.Tables["t0"].Pages.Add(NewPage(2));
            EditRow(_database.Tables["t0"].Pages[0], "changed");
        }
        else if (state == "S2")
        {
            AddTable(1);
            _database.Tables["t1"].Pages.Clear(); // dropped and made anew
        }
        Write();
    }

    public override void Change(Random random)
    {
        for (var edits = random.Next(4); edits > 0; edits--)
        {
            // The first stays and keeps more rows than all others lose, which shows that it is the same database.
            var tables = _database.Tables.Values.ToList();
            var which = random.Next(tables.Count);
            var table = tables[which];
            switch (random.Next(7))
            {
                case 0:
                    AddTable(random.Next(4));
                    break;
                case 1 when which > 0:
                    _database.Tables.Remove(_database.Tables.Keys.ElementAt(which));
                    break;
                case 2 when which > 0 && table.Pages.Count > 0: // a heap gets shorter, as a table is made anew
                    table.Pages.RemoveAt(table.Pages.Count - 1);
                    table.Pages.ForEach(p => p.Lsn = _database.NextLsn++);
                    break;
                case 3:
                    table.Indexed = !table.Indexed;
                    break;
                case 4 or 5:
                    table.Pages.Add(NewPage(random.Next(1, 10)));
                    break;
                default:
                    // An update does not move the page's LSN (PowDB format, §9, defect 1).
                    table.Pages.ForEach(p => EditRow(p, $"{random.Next()}"));
                    break;
            }
        }
        Write();
    }

    /// <summary>Without an empty log, which the engine makes where there is none.</summary>
    public override string Content(string database) =>
        string.Join('\n', PowDbFixtures.Content(database).Select(f => $"{f.Key}={Convert.ToHexString(f.Value)}"));

    private void Write()
    {
        _database.WriteTo(Source);
        // As an engine that has closed it left it.
        File.WriteAllBytes(Path.Combine(Source, "wal.log"), []);
    }

    private void AddTable(int pages, int rows = 3)
    {
        var table = new PowDbTestDatabase.Table();
        for (; pages > 0; pages--)
        {
            table.Pages.Add(NewPage(rows));
        }
        _database.Tables[$"t{_tables++}"] = table;
    }

    private PowDbTestDatabase.Page NewPage(int rows)
    {
        var page = new PowDbTestDatabase.Page { Lsn = _database.NextLsn };
        for (; rows > 0; rows--)
        {
            page.Rows.Add(((long)_database.NextLsn++, "text"));
        }
        return page;
    }

    private static void EditRow(PowDbTestDatabase.Page page, string text)
    {
        page.Rows[0] = (page.Rows[0].Id, text);
    }
}

namespace BackupTools.Tests.Engines.PowDb;

/// <summary>Random edits of a database, as the engine would write them.</summary>
internal sealed class PowDbEdits(Random random, PowDbTestDatabase database)
{
    /// <summary>A table that is never edited: what shows, whatever else happens, that it is the same database.</summary>
    public const string Anchor = "anchor";

    private PowDbTestDatabase.Page? _oldPage;
    private int _names;

    /// <summary>Whether a table was dropped or made anew, which leaves little to prove the next step by.</summary>
    public bool MayBeAnother { get; private set; }

    /// <summary>One edit.</summary>
    public void Edit()
    {
        var tables = database.Tables.Where(t => t.Key != Anchor).Select(t => t.Value).ToArray();
        var table = tables.Length == 0 ? null : tables[random.Next(tables.Length)];
        switch (random.Next(14))
        {
            case 12 when table is { Pages.Count: > 0 }: // a page becomes what it was before
                (_oldPage, var old) = (Copy(table.Pages[0]), _oldPage);
                BecomeAgain(table.Pages[0], old ?? _oldPage);
                break;
            case 13 when table is { Pages.Count: > 0 }:
                _oldPage = Copy(table.Pages[0]);
                break;
            case 0:
                AddTable();
                break;
            case 1 when table is not null:
                database.Tables.Remove(database.Tables.First(t => t.Value == table).Key);
                MayBeAnother = true;
                if (random.Next(2) == 0)
                {
                    // As the engine does after a restart: LSNs are used again (defect 2).
                    database.NextLsn =
                        1 + database.Tables.Values.SelectMany(t => t.Pages).Select(p => p.Lsn).DefaultIfEmpty().Max();
                }
                break;
            case 2 when table is { Pages.Count: > 0 }:
                table.Pages.RemoveRange(random.Next(table.Pages.Count), 1);
                Rewrite(table);
                break;
            case 3 when table is not null:
                table.Pages.RemoveRange(0, random.Next(table.Pages.Count + 1));
                Rewrite(table);
                break;
            case 4 when table is not null:
                table.Indexed = !table.Indexed;
                break;
            case 5 when table is not null:
                table.NullsIndexed = !table.NullsIndexed;
                break;
            case 6 when table is not null:
                table.Pages.Add(new PowDbTestDatabase.Page { IsZero = true });
                break;
            case 7 or 8 when table is not null:
                for (var pages = random.Next(1, 4); pages > 0; pages--)
                {
                    table.Pages.Add(NewPage());
                }
                break;
            default:
                EditRow(table);
                break;
        }
    }

    /// <summary>Updates and deletes that lead back: the LSN stays.</summary>
    private static void BecomeAgain(PowDbTestDatabase.Page page, PowDbTestDatabase.Page old)
    {
        var rows = old.Rows.ToArray();
        page.IsZero = page.IsZero && rows.Length == 0;
        page.Rows.Clear();
        page.Rows.AddRange(rows);
    }

    /// <summary>Only what is made anew can be shorter: every page gets an LSN of its own.</summary>
    private void Rewrite(PowDbTestDatabase.Table table)
    {
        MayBeAnother = true;
        foreach (var page in table.Pages)
        {
            page.IsZero = false;
            page.Lsn = database.NextLsn++;
        }
    }

    private void EditRow(PowDbTestDatabase.Table? table)
    {
        if (table is null || table.Pages.Count == 0)
        {
            return;
        }
        var page = table.Pages[random.Next(table.Pages.Count)];
        page.IsZero = false;
        switch (random.Next(3))
        {
            case 0 when page.Rows.Count < 30: // an insert moves the page's LSN
                page.Rows.Add((random.Next(), Text()));
                page.Lsn = database.NextLsn++;
                break;
            case 1 when page.Rows.Count > 0: // an update does not (defect 1)
                page.Rows[random.Next(page.Rows.Count)] = (random.Next(), Text());
                database.NextLsn++;
                break;
            case 2 when page.Rows.Count > 0: // nor does a delete
                page.Rows.RemoveAt(random.Next(page.Rows.Count));
                database.NextLsn++;
                break;
        }
    }

    /// <summary>Adds a table, or makes one of the first anew.</summary>
    public void AddTable()
    {
        // Names come back, so that a dropped table may be made anew.
        var table = new PowDbTestDatabase.Table { Indexed = random.Next(3) > 0, NullsIndexed = random.Next(3) == 0 };
        for (var pages = random.Next(4); pages > 0; pages--)
        {
            table.Pages.Add(NewPage());
        }
        MayBeAnother |= _names >= 4;
        database.Tables[$"t{_names++ % 4}"] = table;
    }

    private static PowDbTestDatabase.Page Copy(PowDbTestDatabase.Page page)
    {
        var copy = new PowDbTestDatabase.Page
        {
            Lsn = page.Lsn,
            IsZero = page.IsZero,
            HasChecksum = page.HasChecksum,
        };
        copy.Rows.AddRange(page.Rows);
        return copy;
    }

    /// <summary>A page of its own LSN, with some rows.</summary>
    public PowDbTestDatabase.Page NewPage()
    {
        var page = new PowDbTestDatabase.Page { HasChecksum = random.Next(8) > 0 };
        for (var rows = random.Next(1, 12); rows > 0; rows--)
        {
            page.Rows.Add((random.Next(), Text()));
        }
        page.Lsn = database.NextLsn++;
        return page;
    }

    private string? Text() => random.Next(4) == 0 ? null : new string('x', random.Next(0, 40));
}

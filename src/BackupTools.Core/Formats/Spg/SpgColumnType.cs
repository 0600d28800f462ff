namespace BackupTools.Formats.Spg;

/// <summary>The type and value tags of a catalogue and how many bytes they stand for (SPG format, §3.2).</summary>
internal static class SpgColumnType
{
    public const byte VectorSq8 = 14;
    public const byte VectorHalf = 15;

    /// <summary>In place of a size: a u16 length and UTF-8 bytes.</summary>
    public const int Text = -1;

    /// <summary>In place of a size: a u32 count and as many f32.</summary>
    public const int Floats = -2;

    /// <summary>In place of a size: no such tag.</summary>
    public const int Unknown = -3;

    /// <summary>Bytes of a column type's parameters, after its tag.</summary>
    public static int ParameterSize(byte type) =>
        type switch
        {
            1 or 2 or 3 or 4 or 5 or 7 or 11 or 12 or 13 => 0,
            6 or 8 or 9 or VectorSq8 or VectorHalf => 4, // dimension or length
            10 => 2, // precision, scale
            _ => Unknown,
        };

    /// <summary>Bytes of a cell that is not NULL.</summary>
    public static int CellSize(byte type) =>
        type switch
        {
            1 or 11 => 4, // INT, DATE
            2 or 3 or 12 => 8, // BIGINT, FLOAT, TIMESTAMP
            4 or 8 or 9 or 13 => Text, // TEXT, VARCHAR, CHAR, JSON
            5 => 1, // BOOL
            6 => Floats, // VECTOR
            7 => 2, // SMALLINT
            10 => 17, // NUMERIC
            _ => Unknown,
        };

    /// <summary>Bytes of a tagged value (a column's default), after its tag.</summary>
    public static int TaggedSize(byte tag) =>
        tag switch
        {
            0 => 0,
            1 or 9 => 4,
            2 or 3 or 10 => 8,
            4 => Text,
            5 => 1,
            6 => Floats,
            7 => 2,
            8 => 17,
            _ => Unknown,
        };
}

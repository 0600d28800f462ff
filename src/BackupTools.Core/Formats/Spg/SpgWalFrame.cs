namespace BackupTools.Formats.Spg;

/// <summary>What a frame means for transactions.</summary>
internal enum SpgStatement
{
    /// <summary>Neither opens nor closes a transaction; also ROLLBACK TO, which stays inside.</summary>
    Other,

    /// <summary>BEGIN or START.</summary>
    Begin,

    /// <summary>COMMIT, END or ROLLBACK.</summary>
    End,
}

/// <summary>One whole, checked frame of an SPG WAL (SPG format, §4.2).</summary>
/// <param name="Offset">Where it starts, in the coordinates the scanner was given.</param>
/// <param name="End">Where the next one starts.</param>
/// <param name="Version">1, 2 or 3.</param>
/// <param name="Type">The type byte of a v3 frame; 0 for v1 and v2, whose payload is always SQL.</param>
/// <param name="PayloadLength">Bytes of payload; the type byte is not counted.</param>
/// <param name="Statement">What its SQL does to the transaction.</param>
internal readonly record struct SpgWalFrame(
    long Offset,
    long End,
    byte Version,
    byte Type,
    uint PayloadLength,
    SpgStatement Statement
)
{
    /// <summary>v3 type: SQL.</summary>
    public const byte Sql = 0x01;

    /// <summary>v3 type: durability marker, ignored by replay.</summary>
    public const byte Marker = 0x02;

    /// <summary>v3 type: SQL after an algorithm byte, always compressed.</summary>
    public const byte PackedSql = 0x03;

    /// <summary>v3 type: MySQL-dialect SQL after an algorithm byte.</summary>
    public const byte MySql = 0x04;
}

/// <summary>Bytes at the end that are no whole frame (SPG format, §4.3).</summary>
/// <param name="Offset">Where the frame that is cut short starts.</param>
/// <param name="Text">What the server prints when it stops there.</param>
/// <param name="Length">How many bytes there are.</param>
/// <param name="IsText">
/// The length word is four ASCII characters: no server ever wrote such a frame, the place is inside one (§4.2).
/// </param>
internal sealed record SpgTornTail(long Offset, string Text, long Length, bool IsText);

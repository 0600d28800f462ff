namespace BackupTools.Errors;

/// <summary>
/// The one exception of the library for everything that can go wrong with data, disks and requests.
/// <see cref="Code"/> says what, <see cref="FullName"/> and <see cref="Offset"/> say where,
/// <see cref="Expected"/> and <see cref="Actual"/> what was found, <see cref="Recommendation"/> what to do.
/// </summary>
public sealed class BackupException : Exception
{
    /// <summary>
    /// Creates the exception; <paramref name="message"/> says what is wrong, without the path, and may quote anything.
    /// </summary>
    public BackupException(
        ErrorCode code,
        string message,
        string? path = null,
        long? offset = null,
        string? expected = null,
        string? actual = null,
        string? recommendation = null,
        Exception? inner = null
    )
        : base(Printable.Of(message), inner)
    {
        Code = code;
        FullName = path is null ? null : StoreAddress.Of(path);
        Offset = offset;
        Expected = expected;
        Actual = actual;
        Recommendation = recommendation ?? ErrorCodes.DefaultRecommendation(code);
    }

    /// <summary>What went wrong; the PowerShell error id.</summary>
    public ErrorCode Code { get; }

    /// <summary>The family of <see cref="Code"/>.</summary>
    public ErrorKind Kind => ErrorCodes.KindOf(Code);

    /// <summary>The file or folder concerned, an absolute path or an address; null when no single one is.</summary>
    public string? FullName { get; private set; }

    /// <summary>Byte offset in <see cref="FullName"/>, 0-based; null when no single place is concerned.</summary>
    public long? Offset { get; }

    /// <summary>What should have been there, as text; null when that says nothing.</summary>
    public string? Expected { get; }

    /// <summary>What was there, as text; null when that says nothing.</summary>
    public string? Actual { get; }

    /// <summary>One sentence that says what to do.</summary>
    public string Recommendation { get; }

    /// <summary>
    /// Names the file for an exception raised by code that saw only bytes. Does nothing when a path is known already.
    /// </summary>
    public BackupException At(string path)
    {
        FullName ??= StoreAddress.Of(path);
        return this;
    }

    /// <summary>Runs what sees only bytes; what it throws names the file.</summary>
    internal static void Naming(string path, Action action)
    {
        try
        {
            action();
        }
        catch (BackupException e)
        {
            throw e.At(path);
        }
    }

    /// <summary>The same for what reads something of them.</summary>
    internal static T Naming<T>(string path, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (BackupException e)
        {
            throw e.At(path);
        }
    }

    /// <summary>
    /// The same finding as damage of the source: no bundle is damaged, but the database that is backed up.
    /// </summary>
    internal BackupException AsSourceDamaged(string? message = null, string? recommendation = null) =>
        As(ErrorCode.SourceDamaged, message ?? Message, recommendation);

    /// <summary>The same finding in the words of who was stopped by it.</summary>
    internal BackupException As(ErrorCode code, string message, string? recommendation) =>
        new(code, message, FullName, Offset, Expected, Actual, recommendation, inner: this);

    /// <summary>The error for an unexpected exception: OutOfMemory if it is that, otherwise Unexpected.</summary>
    public static BackupException OfUnexpected(Exception error) =>
        error is BackupException known ? known
        : error is AggregateException { InnerExceptions: [{ } only] } ? OfUnexpected(only)
        : error is OutOfMemoryException
            ? new(ErrorCode.OutOfMemory, "there is not enough memory to continue", inner: error)
        : new(ErrorCode.Unexpected, error.Message, inner: error);

    /// <summary>What and where, in one line, without the recommendation.</summary>
    public string Describe()
    {
        var where =
            FullName is null ? ""
            : Offset is { } o ? $", in '{FullName}' at byte {o}"
            : $", in '{FullName}'";
        return Message + Printable.Of(where);
    }
}

namespace BackupTools.Errors;

/// <summary>
/// The names of objects in stores: s3://bucket/key. Inside the library such a name is a path like any other, and
/// <see cref="Path"/> makes s3:/bucket of it, or s3:\bucket. No local path is so: front ends hand over absolute ones.
/// </summary>
internal static class StoreAddress
{
    private const string Scheme = "s3:";

    /// <summary>True for s3: with any separators behind it.</summary>
    public static bool Is(string path) =>
        path.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase)
        && (path.Length == Scheme.Length || path[Scheme.Length] is '/' or '\\');

    /// <summary>The address as people write it; what is no address stays as it is. Never with a password.</summary>
    public static string Of(string path) =>
        Is(path) ? WithoutSecret($"{Scheme}//{string.Join('/', Parts(path))}") : WithoutSecret(path);

    /// <summary>Bucket and key, the key without a separator at its ends; both may be empty.</summary>
    public static (string Bucket, string Key) Parse(string path)
    {
        var parts = Parts(path);
        return parts.Length == 0 ? ("", "") : (parts[0], string.Join('/', parts[1..]));
    }

    /// <summary>What stands between :// and @ in an address is a name and a password.</summary>
    public static string WithoutSecret(string address)
    {
        var start = address.IndexOf("://", StringComparison.Ordinal);
        if (start < 0 || !IsScheme(address[..start]))
        {
            return address;
        }
        start += 3;
        var end = address.AsSpan(start).IndexOfAny('/', '\\');
        var at = address.AsSpan(start, end < 0 ? address.Length - start : end).LastIndexOf('@');
        return at < 0 ? address : $"{address[..start]}***{address[(start + at)..]}";
    }

    /// <summary>What may stand before :// in an address. A drive letter is no scheme.</summary>
    public static bool IsScheme(string text) =>
        text.Length > 1 && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '+' or '-' or '.');

    private static string[] Parts(string path) =>
        path[Scheme.Length..].Split(['/', '\\'], StringSplitOptions.RemoveEmptyEntries);
}

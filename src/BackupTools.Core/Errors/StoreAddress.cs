namespace BackupTools.Errors;

/// <summary>
/// The names of objects in stores: s3://bucket/key, az://container/key. Inside the library such a name is a path like
/// any other, and <see cref="Path"/> makes s3:/bucket of it, or s3:\bucket. No local path looks so: front ends pass
/// absolute ones.
/// </summary>
internal static class StoreAddress
{
    /// <summary>S3 and compatible stores.</summary>
    public const string S3 = "s3";

    /// <summary>Azure Blob Storage.</summary>
    public const string Azure = "az";

    /// <summary>True for the scheme of a store, a colon, and any separators after it.</summary>
    public static bool Is(string path) => SchemeOf(path) is not null;

    /// <summary>
    /// True for the scheme of a store and a colon, whatever follows: who writes that means a store, even if it is none.
    /// </summary>
    public static bool IsMeant(string path) => Begins(S3, path) || Begins(Azure, path);

    /// <summary>What an address begins with; null if it is not the address of a store.</summary>
    public static string? SchemeOf(string path) =>
        IsOf(S3, path) ? S3
        : IsOf(Azure, path) ? Azure
        : null;

    /// <summary>The address as people write it; anything else is unchanged. Never with a password.</summary>
    public static string Of(string path) =>
        Is(path) ? WithoutSecret($"{SchemeOf(path)}://{string.Join('/', Parts(path))}") : WithoutSecret(path);

    /// <summary>Bucket and key, the key without a separator at its ends; both may be empty.</summary>
    public static (string Bucket, string Key) Parse(string path)
    {
        var parts = Parts(path);
        return parts.Length == 0 ? ("", "") : (parts[0], string.Join('/', parts[1..]));
    }

    /// <summary>
    /// What is between :// and @ in an address is a name and a password; of a store, whatever number of slashes was typed.
    /// </summary>
    public static string WithoutSecret(string address)
    {
        var start = address.IndexOf(':', StringComparison.Ordinal) + 1;
        if (
            start == 0
            || !(IsMeant(address) || (IsScheme(address[..(start - 1)]) && address[start..] is ['/', '/', ..]))
        )
        {
            return address;
        }
        start += address.AsSpan(start).IndexOfAnyExcept('/', '\\') is > 0 and var separators ? separators : 0;
        var end = address.AsSpan(start).IndexOfAny('/', '\\');
        var at = address.AsSpan(start, end < 0 ? address.Length - start : end).LastIndexOf('@');
        return at < 0 ? address : $"{address[..start]}***{address[(start + at)..]}";
    }

    /// <summary>What may precede :// in an address. A drive letter is not a scheme.</summary>
    public static bool IsScheme(string text) =>
        text.Length > 1 && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '+' or '-' or '.');

    private static string[] Parts(string path) =>
        path[(path.IndexOf(':', StringComparison.Ordinal) + 1)..]
            .Split(['/', '\\'], StringSplitOptions.RemoveEmptyEntries);

    private static bool Begins(string scheme, string path) =>
        path.StartsWith(scheme, StringComparison.OrdinalIgnoreCase)
        && path.Length > scheme.Length
        && path[scheme.Length] == ':';

    private static bool IsOf(string scheme, string path) =>
        Begins(scheme, path) && (path.Length == scheme.Length + 1 || path[scheme.Length + 1] is '/' or '\\');
}

using System.Text.Json;
using BackupTools.Encryption;
using BackupTools.Errors;

namespace BackupTools.Operations;

/// <summary>What a signer says of a bundle: its record, with the digest of each of its files, and its place among the others.</summary>
/// <param name="Sequence">Greater than that of every bundle that was signed in the folder before.</param>
/// <param name="Record">The bundle; its parent is the bundle before it in the chain.</param>
internal sealed record SignedStatement(long Sequence, BundleRecord Record)
{
    /// <summary>The file of a signature.</summary>
    public byte[] Write(SigningKey key)
    {
        var statement = JsonSerializer.SerializeToUtf8Bytes(this, BundleRecordJson.Default.SignedStatement);
        var signed = new Signed(BundleRecord.Known, $"{key.Public}", statement, key.Sign(statement));
        return JsonSerializer.SerializeToUtf8Bytes(signed, BundleRecordJson.Default.Signed);
    }

    /// <summary>Reads the file of a signature, and believes one that a trusted key has made.</summary>
    /// <exception cref="BackupException">SignatureInvalid.</exception>
    public static SignedStatement Read(byte[] file, IReadOnlyList<TrustedKey> trusted)
    {
        try
        {
            var signed = JsonSerializer.Deserialize(file, BundleRecordJson.Default.Signed)!;
            if (!trusted.Any(k => signed.Key == $"{k}" && k.HasSigned(signed.Statement, signed.Signature)))
            {
                throw Invalid("the bundle was signed by a key that is not trusted, or its signature was changed");
            }
            return
                signed.Version == BundleRecord.Known
                && JsonSerializer.Deserialize(signed.Statement, BundleRecordJson.Default.SignedStatement)
                    is { } statement
                && statement.Record.Version == BundleRecord.Known
                && statement.Record.IsSound()
                ? statement
                : throw Invalid("this version of BackupTools does not know what was signed");
        }
        catch (JsonException)
        {
            throw Invalid("the file of the signature is damaged");
        }
    }

    /// <summary>The error of a bundle that is not what a trusted key has signed.</summary>
    public static BackupException Invalid(string message, string? path = null) =>
        new(ErrorCode.SignatureInvalid, message, path);

    /// <summary>A file: the statement as the bytes that were signed.</summary>
    internal sealed record Signed(int Version, string Key, byte[] Statement, byte[] Signature);
}

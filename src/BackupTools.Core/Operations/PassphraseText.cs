using System.Runtime.InteropServices;
using System.Security;
using System.Text;
using BackupTools.Encryption;
using BackupTools.Errors;
using BackupTools.Files;

namespace BackupTools.Operations;

/// <summary>A passphrase as front ends pass it: directly, or in a file.</summary>
internal static class PassphraseText
{
    /// <summary>The passphrase in UTF-8; null where none was given.</summary>
    /// <exception cref="BackupException">InvalidOption, PathNotFound, AccessDenied, Malformed.</exception>
    public static byte[]? Read(SecureString? passphrase, string? passphraseFile, IReadingDisk disk)
    {
        if (passphrase is not null && passphraseFile is not null)
        {
            throw new BackupException(ErrorCode.InvalidOption, "a passphrase and a passphrase file cannot be combined");
        }
        if (passphraseFile is { } file)
        {
            return IdentityFiles.ReadPassphrase(file, disk);
        }
        if (passphrase is null)
        {
            return null;
        }
        var text = Marshal.SecureStringToGlobalAllocUnicode(passphrase);
        try
        {
            var chars = new char[passphrase.Length];
            Marshal.Copy(text, chars, 0, chars.Length);
            var bytes = Encoding.UTF8.GetBytes(chars);
            chars.AsSpan().Clear();
            return bytes;
        }
        finally
        {
            Marshal.ZeroFreeGlobalAllocUnicode(text);
        }
    }
}

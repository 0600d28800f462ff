using System.Buffers.Binary;
using System.Security.Cryptography;
using BackupTools.Formats.Primitives;

namespace BackupTools.Formats.PowDb;

/// <summary>The fingerprints of PowDB's pages (<see cref="PageMac"/>). Not safe for several threads at once.</summary>
internal sealed class PowDbPageMac : IDisposable
{
    private readonly PageMac _mac;

    public PowDbPageMac(UInt128 key)
    {
        Span<byte> bytes = stackalloc byte[PowDbFingerprints.Size];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, key);
        _mac = new PageMac(bytes);
        bytes.Clear();
    }

    /// <summary>A new secret.</summary>
    public static UInt128 NewKey()
    {
        Span<byte> bytes = stackalloc byte[PowDbFingerprints.Size];
        RandomNumberGenerator.Fill(bytes);
        return BinaryPrimitives.ReadUInt128BigEndian(bytes);
    }

    /// <summary>Computes the fingerprints of whole pages, one after the other.</summary>
    public void Compute(ReadOnlySpan<byte> pages, Span<byte> fingerprints)
    {
        for (; pages.Length >= PowDbPage.Size; pages = pages[PowDbPage.Size..])
        {
            _mac.Compute(pages[..PowDbPage.Size], fingerprints[..PowDbFingerprints.Size]);
            fingerprints = fingerprints[PowDbFingerprints.Size..];
        }
    }

    public void Dispose() => _mac.Dispose();
}

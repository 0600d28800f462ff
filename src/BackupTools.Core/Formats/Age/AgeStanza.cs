using System.Text;
using BackupTools.Errors;

namespace BackupTools.Formats.Age;

/// <summary>The part of a header that holds the file key for one recipient.</summary>
/// <param name="Type">What kind of recipient.</param>
/// <param name="Arguments">What follows the type; visible ASCII.</param>
/// <param name="Body">The file key, encrypted.</param>
internal sealed record AgeStanza(string Type, IReadOnlyList<string> Arguments, byte[] Body)
{
    /// <summary>A body ends with the first line that is shorter.</summary>
    public const int LineLength = 64;

    /// <summary>Appends the stanza as it stands in a header.</summary>
    public void AppendTo(StringBuilder header)
    {
        header.Append("-> ").AppendJoin(' ', Arguments.Prepend(Type)).Append('\n');
        var body = AgeText.Encode(Body);
        for (var at = 0; at <= body.Length; at += LineLength)
        {
            header.Append(body, at, Math.Min(LineLength, body.Length - at)).Append('\n');
        }
    }

    /// <summary>The bytes that an argument stands for.</summary>
    /// <exception cref="BackupException">Malformed.</exception>
    public byte[] Argument(int index, int length) =>
        AgeText.Decode(Encoding.ASCII.GetBytes(Arguments[index])) is { } bytes && bytes.Length == length
            ? bytes
            : throw Malformed();

    /// <summary>Refuses other numbers of arguments, and bodies that hold anything but one file key.</summary>
    /// <exception cref="BackupException">Malformed.</exception>
    public void Require(int arguments)
    {
        if (Arguments.Count != arguments || Body.Length != AgeFileKey.Length + Aead.TagLength)
        {
            throw Malformed();
        }
    }

    public BackupException Malformed() =>
        new(ErrorCode.Malformed, $"the part of the header for a recipient of kind {Type} is malformed");
}

using System.Security.Cryptography;
using BackupTools.Errors;

namespace BackupTools.Tests.Encryption;

/// <summary>The format's own test vectors: what must be read is, and what must be refused is, each for the right reason.</summary>
public sealed class AgeVectorTests
{
    public static TheoryData<string> Vectors => [.. AgeVector.Names];

    [Theory]
    [MemberData(nameof(Vectors))]
    public void The_test_vectors_of_the_age_project_come_to_what_they_say(string name)
    {
        var vector = AgeVector.Of(name);
        if (vector.Expected == "success")
        {
            Assert.Equal(vector.PlainSha256, Convert.ToHexStringLower(SHA256.HashData(vector.Read())));
            return;
        }

        var error = Assert.Throws<BackupException>(vector.Read);

        Assert.Contains(
            error.Code,
            vector.Expected switch
            {
                "no match" => [ErrorCode.IdentityMismatch],
                "HMAC failure" => [ErrorCode.ChecksumMismatch],
                "armor failure" => [ErrorCode.Malformed],
                "header failure" =>
                [
                    ErrorCode.Malformed,
                    ErrorCode.Truncated,
                    ErrorCode.BadMagic,
                    ErrorCode.UnsupportedVersion,
                    ErrorCode.UnsupportedFormat,
                ],
                "payload failure" => new[] { ErrorCode.ChecksumMismatch, ErrorCode.Truncated, ErrorCode.Malformed },
                _ => throw new InvalidOperationException(vector.Expected),
            }
        );
    }
}

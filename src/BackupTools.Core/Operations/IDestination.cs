using BackupTools.Errors;
using BackupTools.Files;

namespace BackupTools.Operations;

/// <summary>
/// What a publication asks of the place where bundles go: a folder, or a prefix of a store. It is held alone until it
/// is disposed, and was swept of what interrupted runs left.
/// </summary>
internal interface IDestination : IDisposable
{
    /// <summary>How often each byte of a bundle passes on its way there, for progress.</summary>
    int Passes { get; }

    /// <summary>Where the next bundle is put together.</summary>
    /// <param name="goesOn">It is the same each time, so that what an interrupted run has sent of it is found again.</param>
    /// <param name="isCounted">Progress was told already how much is sent from there; else that is open until it is.</param>
    StagingArea Stage(bool goesOn = false, bool isCounted = false);

    /// <summary>Makes what is staged durable and visible, all or nothing.</summary>
    /// <param name="staging">Has what the steps name.</param>
    /// <param name="steps">In order.</param>
    /// <param name="bundle">The absolute path of the bundle that they are about.</param>
    /// <param name="length">Its bytes, as progress expects them.</param>
    void Publish(StagingArea staging, IReadOnlyList<PublishStep> steps, string bundle, long length = 0);

    /// <summary>Which of these bundles cannot be removed, and why not; none where all can.</summary>
    /// <param name="bundles">Absolute paths.</param>
    IReadOnlyDictionary<string, BackupException> Retained(IReadOnlyList<string> bundles);

    /// <summary>Everything is done: what interrupted runs left and nobody continued may be removed.</summary>
    void Complete();
}

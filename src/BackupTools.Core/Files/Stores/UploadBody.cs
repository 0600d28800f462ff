namespace BackupTools.Files.Stores;

/// <summary>The body of a request, read again for each attempt; and its MD5, which every store compares.</summary>
internal sealed class UploadBody
{
    private readonly ReadAt _read;

    private UploadBody(long length, byte[] md5, ReadAt read) => (Length, Md5, _read) = (length, md5, read);

    private delegate int ReadAt(Span<byte> buffer, long offset);

    public long Length { get; }

    public byte[] Md5 { get; }

    public static UploadBody Of(byte[] content) =>
        new(
            content.Length,
            StoreDigest.Md5(content),
            (buffer, offset) =>
            {
                var rest = content.AsSpan((int)offset);
                rest = rest[..Math.Min(rest.Length, buffer.Length)];
                rest.CopyTo(buffer);
                return rest.Length;
            }
        );

    /// <summary>A range of a file that stays open meanwhile.</summary>
    public static UploadBody Of(IDiskFile file, FileRange range, byte[] md5) =>
        new(
            range.Length,
            md5,
            (buffer, offset) =>
                file.Read(buffer[..(int)Math.Min(buffer.Length, range.Length - offset)], range.Start + offset)
        );

    /// <summary><paramref name="alive"/> is called whenever some of it is taken.</summary>
    public Stream Open(Action alive) => new Reader(this, alive);

    private sealed class Reader(UploadBody body, Action alive) : Stream
    {
        public override bool CanRead => true;

        public override bool CanSeek => true;

        public override bool CanWrite => false;

        public override long Length => body.Length;

        public override long Position { get; set; }

        public override int Read(Span<byte> buffer)
        {
            alive();
            var read = body._read(buffer, Position);
            Position += read;
            return read;
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            cancellationToken.IsCancellationRequested
                ? ValueTask.FromCanceled<int>(cancellationToken)
                : ValueTask.FromResult(Read(buffer.Span));

        public override Task<int> ReadAsync(
            byte[] buffer,
            int offset,
            int count,
            CancellationToken cancellationToken
        ) => ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        public override long Seek(long offset, SeekOrigin origin) =>
            Position =
                origin == SeekOrigin.Begin ? offset
                : origin == SeekOrigin.Current ? Position + offset
                : Length + offset;

        public override void Flush() { }

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}

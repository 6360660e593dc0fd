namespace FederatedClinicalMl.Durability.Simulation;

/// <summary>A file's content as the process sees it, and as the disk holds it, with what happened in between.</summary>
internal sealed class SimulatedFile
{
    private const int Block = 512;

    private readonly List<Change> _pending = []; // since the last sync, in order
    private Content _seen = new();
    private Content _durable = new();

    /// <summary>The handle that may write; null where there is none.</summary>
    public object? Writer { get; set; }

    public long Length => _seen.Length;

    public int Read(long offset, Span<byte> buffer) => _seen.Read(offset, buffer);

    public void Write(long offset, byte[] bytes)
    {
        _seen.Write(offset, bytes);
        _pending.Add(new Change(offset, bytes));
    }

    public void Truncate(long length)
    {
        _seen.SetLength(length);
        _pending.Add(new Change(length, null));
    }

    public void Sync()
    {
        foreach (var change in _pending)
        {
            if (change.Bytes is { } bytes)
                _durable.Write(change.Offset, bytes);
            else
                _durable.SetLength(change.Offset);
        }

        _pending.Clear();
    }

    /// <summary>After a failed sync the process still sees its bytes, but no later sync writes them: Linux marks the pages clean.</summary>
    public void Doom() => _pending.Clear();

    /// <summary>Leaves what a loss of power leaves.</summary>
    public void Lose(Random random)
    {
        // Extremes are as likely as the mixtures between: they are where most faults of programs show.
        var mood = random.Next(4);
        foreach (var change in _pending)
        {
            if (change.Bytes is { } bytes)
                Keep(change.Offset, bytes, random, mood);
            else if (Survives(random, mood))
                _durable.SetLength(change.Offset);
        }

        _pending.Clear();
        _seen = _durable;
        _durable = _seen.Copy();
    }

    private void Keep(long offset, byte[] bytes, Random random, int mood)
    {
        // The length is metadata of its own: it may be on the disk although the bytes are not.
        if (offset + bytes.Length > _durable.Length && Survives(random, mood))
            _durable.SetLength(offset + bytes.Length);
        for (var start = 0; start < bytes.Length;)
        {
            var count = (int)Math.Min(bytes.Length - start, Block - ((offset + start) % Block));
            if (Survives(random, mood))
            {
                var torn = mood >= 2 && random.Next(4) == 0 ? random.Next(count) : count;
                _durable.Write(offset + start, bytes.AsSpan(start, torn));
            }

            start += count;
        }
    }

    private static bool Survives(Random random, int mood) => mood switch
    {
        0 => false,
        1 => true,
        _ => random.Next(2) == 0,
    };

    private readonly record struct Change(long Offset, byte[]? Bytes);

    private sealed class Content
    {
        private byte[] _bytes = [];

        public int Length { get; private set; }

        public Content Copy() => new() { _bytes = _bytes[..Length], Length = Length };

        public int Read(long offset, Span<byte> buffer)
        {
            if (offset >= Length)
                return 0;
            var count = (int)Math.Min(buffer.Length, Length - offset);
            _bytes.AsSpan((int)offset, count).CopyTo(buffer);
            return count;
        }

        public void Write(long offset, ReadOnlySpan<byte> bytes)
        {
            if (bytes.IsEmpty)
                return;
            if (offset + bytes.Length > Length)
                SetLength(offset + bytes.Length);
            bytes.CopyTo(_bytes.AsSpan((int)offset));
        }

        public void SetLength(long length)
        {
            var target = checked((int)length);
            if (target > _bytes.Length)
                Array.Resize(ref _bytes, Math.Max(target, _bytes.Length * 2));
            if (target > Length)
                _bytes.AsSpan(Length, target - Length).Clear();
            Length = target;
        }
    }
}

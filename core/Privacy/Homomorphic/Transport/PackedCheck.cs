namespace FederatedClinicalMl.Privacy;

/// <summary>Holds packed bytes against their layout as they arrive, in whatever pieces; it keeps one block.</summary>
/// <param name="layout">What they must be.</param>
public sealed class PackedCheck(PackedLayout layout)
{
    private readonly byte[] _block = new byte[Math.Max(layout.Header.Length, layout.BlockLength)];
    private bool _inBlocks;
    private int _held;

    /// <summary>Takes the next bytes, of no more than the layout's length in all.</summary>
    /// <returns>Whether nothing is wrong so far.</returns>
    public bool Take(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            var length = _inBlocks ? layout.BlockLength : layout.Header.Length;
            var count = Math.Min(bytes.Length, length - _held);
            bytes[..count].CopyTo(_block.AsSpan(_held));
            bytes = bytes[count..];
            _held += count;
            if (_held < length)
                return true;
            if (_inBlocks ? !layout.IsBlock(_block.AsSpan(0, length)) : !layout.Header.Span.SequenceEqual(_block.AsSpan(0, length)))
                return false;
            (_inBlocks, _held) = (true, 0);
        }

        return true;
    }
}

namespace FederatedClinicalMl.Privacy;

/// <summary>A set of members by their index in a <see cref="MemberList"/>, 0 to 255; 32 bytes on the wire, the least index in the lowest bit.</summary>
public readonly record struct MemberSet
{
    private readonly UInt128 _low;
    private readonly UInt128 _high;

    private MemberSet(UInt128 low, UInt128 high) => (_low, _high) = (low, high);

    /// <summary>How many it holds.</summary>
    public int Count => (int)(UInt128.PopCount(_low) + UInt128.PopCount(_high));

    /// <summary>The indices, ascending.</summary>
    public IEnumerable<int> Indices
    {
        get
        {
            for (var index = 0; index < MemberList.MaximumCount; index++)
            {
                if (Contains(index))
                    yield return index;
            }
        }
    }

    /// <summary>The set of these indices.</summary>
    public static MemberSet Of(IEnumerable<int> indices)
    {
        ArgumentNullException.ThrowIfNull(indices);
        return indices.Aggregate(default(MemberSet), (set, index) => set.With(index));
    }

    /// <summary>Whether it holds this index.</summary>
    public bool Contains(int index) => index is >= 0 and < MemberList.MaximumCount && (((index < 128 ? _low : _high) >> (index % 128)) & 1) == 1;

    /// <summary>This set and one more.</summary>
    public MemberSet With(int index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, MemberList.MaximumCount);
        var bit = UInt128.One << (index % 128);
        return index < 128 ? new MemberSet(_low | bit, _high) : new MemberSet(_low, _high | bit);
    }

    /// <summary>How many of its indices are below this one: the place of a member among those of the set.</summary>
    public int IndexWithin(int index) => index < 128
        ? new MemberSet(_low & ((UInt128.One << index) - 1), 0).Count
        : new MemberSet(_low, _high & ((UInt128.One << (index - 128)) - 1)).Count;

    /// <summary>Those of this set that are not in <paramref name="other"/>.</summary>
    public MemberSet Except(MemberSet other) => new(_low & ~other._low, _high & ~other._high);

    /// <summary>Whether all of this set are in <paramref name="other"/>.</summary>
    public bool IsWithin(MemberSet other) => Except(other).Count == 0;

    /// <inheritdoc/>
    public override string ToString() => string.Join(' ', Indices);

    internal static MemberSet Read(ref ByteReader reader)
    {
        var low = reader.UInt128();
        return new MemberSet(low, reader.UInt128());
    }

    internal void Write(ByteWriter writer) => writer.UInt128(_low).UInt128(_high);
}

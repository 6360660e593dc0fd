namespace FederatedClinicalMl.Privacy;

/// <summary>The one form that packed bytes of a study have: a header, then a block for each polynomial. Whoever reads them block by block never holds a whole vector.</summary>
public sealed class PackedLayout
{
    private readonly PackedKind _kind;
    private readonly BfvParameters _parameters;
    private readonly int _dimension;

    /// <summary>The layout of residues; a seeded vector's blocks end with their seed.</summary>
    internal PackedLayout(PackedKind kind, BfvParameters parameters, int dimension)
        : this(kind, parameters, dimension, (Polynomials(kind) * PackedVector.PolynomialLength(parameters)) + (kind == PackedKind.Seeded ? SeedExpansion.SeedLength : 0))
    {
    }

    internal PackedLayout(PackedKind kind, BfvParameters parameters, int dimension, int blockLength)
    {
        (_kind, _parameters, _dimension, BlockLength) = (kind, parameters, dimension, blockLength);
        Blocks = parameters.PolynomialsFor(dimension);
        var header = new byte[PackedVector.HeaderLength];
        PackedVector.Header(kind, parameters, dimension, header);
        Header = header;
    }

    /// <summary>The bytes before the first block, always the same.</summary>
    public ReadOnlyMemory<byte> Header { get; }

    /// <summary>How many blocks.</summary>
    public int Blocks { get; }

    /// <summary>Bytes of a block.</summary>
    public int BlockLength { get; }

    /// <summary>Bytes of the whole.</summary>
    public long Length => OffsetOf(Blocks);

    /// <summary>Where a block begins.</summary>
    public long OffsetOf(int block) => PackedVector.HeaderLength + ((long)block * BlockLength);

    /// <summary>How many values a block holds: N, and in the last one what is left.</summary>
    public int ValuesOf(int block) => Math.Min(_parameters.Degree, _dimension - (block * _parameters.Degree));

    /// <summary>Whether these bytes, which may come from anybody, are a block: every residue is below its prime. (A share has every value.)</summary>
    public bool IsBlock(ReadOnlySpan<byte> block)
    {
        if (block.Length != BlockLength)
            return false;
        var polynomial = new ulong[_parameters.PolynomialWords];
        for (var i = 0; i < Polynomials(_kind); i++)
        {
            if (!PackedVector.TryUnpack(_parameters, block[(i * PackedVector.PolynomialLength(_parameters))..], polynomial))
                return false;
        }

        return true;
    }

    private static int Polynomials(PackedKind kind) => kind switch { PackedKind.Encrypted => 2, PackedKind.DecryptionShare => 0, _ => 1 };
}

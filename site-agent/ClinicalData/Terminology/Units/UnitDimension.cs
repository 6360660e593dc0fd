using System.Collections.Immutable;

namespace FederatedClinicalMl.ClinicalData;

/// <summary>
/// What a unit measures: powers of base dimensions. Stricter than UCUM, for which a mole, an equivalent and a percentage are plain numbers:
/// amount of substance and equivalents are dimensions here, and an amount is not cancelled against an amount. Else HbA1c in mmol/mol (IFCC)
/// would convert to % (NGSP) by a tenth, and calcium in meq/L to mmol/L by one, both wrong.
/// </summary>
internal sealed class UnitDimension : IEquatable<UnitDimension>
{
    public const string Mass = "g";
    private const string Amount = "mol";
    private const string PerAmount = "/mol";
    private const string Equivalents = "eq";
    private const string ArbitraryMark = "arbitrary ";

    private readonly ImmutableSortedDictionary<string, int> _powers; // none is 0

    private UnitDimension(IEnumerable<KeyValuePair<string, int>> powers) =>
        _powers = powers.Where(power => power.Value != 0).ToImmutableSortedDictionary(StringComparer.Ordinal);

    public static UnitDimension Number { get; } = new([]);

    /// <summary>Whether an arbitrary unit, such as [iU], takes part: such units compare with nothing but themselves (UCUM, section 24).</summary>
    public bool IsArbitrary => _powers.Keys.Any(name => name.StartsWith(ArbitraryMark, StringComparison.Ordinal));

    private int this[string name] => _powers.GetValueOrDefault(name);

    /// <summary>A dimension of its own.</summary>
    public static UnitDimension Base(string name) => new([new(name, 1)]);

    /// <summary>The dimension of an arbitrary unit.</summary>
    public static UnitDimension Arbitrary(string name) => Base(ArbitraryMark + name);

    public UnitDimension Power(int power) => new(_powers.Select(item => item.Key switch
    {
        Amount or PerAmount => KeyValuePair.Create(power > 0 == (item.Key == Amount) ? Amount : PerAmount, item.Value * Math.Abs(power)),
        _ => KeyValuePair.Create(item.Key, item.Value * power),
    }));

    /// <summary>The same with equivalents as amount of substance: what holds for ions of one charge.</summary>
    public UnitDimension WithEquivalentsAsAmount()
    {
        var equivalents = this[Equivalents];
        var rest = new UnitDimension(_powers.Remove(Equivalents));
        return equivalents == 0 ? this : rest * Base(Amount).Power(equivalents);
    }

    /// <summary>
    /// The power of a molar mass that leads from this to another: 1 where one amount becomes a mass (mol/L to g/L, mg/g to mg/mol), -1 the
    /// other way round, 0 where it does not.
    /// </summary>
    public int MolarMassPowerTo(UnitDimension other)
    {
        var mass = other[Mass] - this[Mass];
        var (above, below) = (other[Amount] - this[Amount], other[PerAmount] - this[PerAmount]);
        var others = _powers.RemoveRange([Mass, Amount, PerAmount]).SequenceEqual(other._powers.RemoveRange([Mass, Amount, PerAmount]));
        return others && Math.Abs(mass) == 1 && (above, below) is (0, 1 or -1) or (1 or -1, 0) && above - below == -mass ? mass : 0;
    }

    public bool Equals(UnitDimension? other) => other is not null && _powers.SequenceEqual(other._powers);

    public override bool Equals(object? obj) => Equals(obj as UnitDimension);

    public override int GetHashCode() => _powers.Aggregate(0, HashCode.Combine);

    public static UnitDimension operator *(UnitDimension left, UnitDimension right) =>
        new(left._powers.Concat(right._powers).GroupBy(power => power.Key, (name, powers) => KeyValuePair.Create(name, powers.Sum(power => power.Value))));
}

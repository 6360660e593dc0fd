using System.Diagnostics.CodeAnalysis;

namespace FederatedClinicalMl.ClinicalData;

/// <summary>A unit of measurement by its code of UCUM (https://ucum.org), checked.</summary>
public sealed class UcumUnit
{
    private UcumUnit(string code, UcumAtom unit) => (Code, Scale, Dimension) = (code, unit.Scale, unit.Dimension);

    /// <summary>The code.</summary>
    public string Code { get; }

    internal Rational Scale { get; }

    internal UnitDimension Dimension { get; }

    /// <summary>Reads a code, case sensitive; annotations between braces mean nothing.</summary>
    public static bool TryParse([NotNullWhen(true)] string? code, [NotNullWhen(true)] out UcumUnit? unit)
    {
        unit = code is not null && new UcumParser(code, UcumAtoms.Find).Read() is { } read ? new UcumUnit(code, read) : null;
        return unit is not null;
    }

    /// <summary>Reads the unit of a number as its source gives it: only what says that it is UCUM is taken for it.</summary>
    public static bool TryParse(Coding coding, [NotNullWhen(true)] out UcumUnit? unit, out UnitFault fault)
    {
        unit = null;
        fault = CodeSystems.Canonical(coding.System ?? "") != CodeSystems.Ucum ? UnitFault.NotUcum : UnitFault.Unparsable;
        return fault != UnitFault.NotUcum && TryParse(coding.Code, out unit);
    }

    /// <inheritdoc/>
    public override string ToString() => Code;
}

/// <summary>Why a number cannot be brought to a definition's unit.</summary>
public enum UnitFault
{
    /// <summary>The source does not say that the unit is one of UCUM.</summary>
    NotUcum,

    /// <summary>It says so, but UCUM has no such code.</summary>
    Unparsable,

    /// <summary>The two units measure different things.</summary>
    OtherDimension,

    /// <summary>One is a mass, the other an amount of substance, and the definition gives no molar mass.</summary>
    MolarMassNeeded,

    /// <summary>Only a named rule converts between them, and the definition does not name it.</summary>
    RuleNeeded,

    /// <summary>One is arbitrary, such as [iU]: it compares with nothing but itself.</summary>
    Arbitrary,
}

/// <summary>Sentences of <see cref="UnitFault"/>, for stewards.</summary>
public static class UnitFaults
{
    /// <summary>What is wrong, in words.</summary>
    public static string Sentence(this UnitFault fault) => fault switch
    {
        UnitFault.NotUcum => "a text of the site's own; map it in mapping.yaml to a unit of UCUM",
        UnitFault.Unparsable => "not a unit of UCUM, though the source says so; map it in mapping.yaml",
        UnitFault.OtherDimension => "measures something else than the definition's unit",
        UnitFault.MolarMassNeeded => "converts only by a molar mass, which the definition does not give",
        UnitFault.RuleNeeded => "converts only by a named rule, which the definition does not name",
        UnitFault.Arbitrary => "an arbitrary unit, which converts into no other",
        _ => throw new ArgumentOutOfRangeException(nameof(fault)),
    };
}

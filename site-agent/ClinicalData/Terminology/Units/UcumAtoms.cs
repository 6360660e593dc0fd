using System.Collections.Frozen;

namespace FederatedClinicalMl.ClinicalData;

/// <summary>A unit that is not made of others' codes.</summary>
/// <param name="IsMetric">Whether it takes prefixes.</param>
/// <param name="Scale">How many of the base units of its dimension it is.</param>
/// <param name="Dimension">What it measures.</param>
internal sealed record UcumAtom(bool IsMetric, Rational Scale, UnitDimension Dimension);

/// <summary>
/// The prefixes and the units of UCUM that clinical data use, with the values of UCUM 2.2 (https://ucum.org, copyright Regenstrief Institute).
/// A unit that is missing here is not understood, and so reported; it is added as one line. Not by UCUM, on purpose: mol and eq are base
/// units (<see cref="UnitDimension"/>), and fields of view, Hounsfield and turbidity units count as arbitrary.
/// </summary>
internal static class UcumAtoms
{
    // base: a dimension of its own. unit: a value, and a unit of those above. arbitrary: UCUM, section 24. A star: takes prefixes.
    private const string Definitions = """
        base* m
        base* s
        base* g
        base* rad
        base* K
        base* C
        base* cd
        base* mol
        base* eq
        base* Cel
        base [degF]
        base [pH]
        base* B
        base* Np
        unit 10* 10 1
        unit 10^ 10 1
        unit [pi] 3.1415926535897932384626433832795028841971693993751058209749445923 1
        unit % 1 10*-2
        unit [ppth] 1 10*-3
        unit [ppm] 1 10*-6
        unit [ppb] 1 10*-9
        unit [pptr] 1 10*-12
        unit* osm 1 mol
        unit* l 1 dm3
        unit* L 1 l
        unit min 60 s
        unit h 60 min
        unit d 24 h
        unit wk 7 d
        unit a_t 365.24219 d
        unit a_j 365.25 d
        unit a_g 365.2425 d
        unit a 1 a_j
        unit mo_s 29.53059 d
        unit mo_j 1 a_j/12
        unit mo_g 1 a_g/12
        unit mo 1 mo_j
        unit* sr 1 rad2
        unit deg 2 [pi].rad/360
        unit* Hz 1 s-1
        unit* N 1 kg.m/s2
        unit* Pa 1 N/m2
        unit* J 1 N.m
        unit* W 1 J/s
        unit* A 1 C/s
        unit* V 1 J/C
        unit* F 1 C/V
        unit* Ohm 1 V/A
        unit* S 1 Ohm-1
        unit* Wb 1 V.s
        unit* T 1 Wb/m2
        unit* H 1 Wb/A
        unit* lm 1 cd.sr
        unit* lx 1 lm/m2
        unit* Bq 1 s-1
        unit* Gy 1 J/kg
        unit* Sv 1 J/kg
        unit* Ci 37e9 Bq
        unit* R 2.58e-4 C/kg
        unit* RAD 1e-2 J/kg
        unit* REM 1 RAD
        unit* t 1e3 kg
        unit* u 1.66053906660e-24 g
        unit* bar 1e5 Pa
        unit atm 101325 Pa
        unit* [g] 9.80665 m/s2
        unit* gf 1 g.[g]
        unit* dyn 1 g.cm/s2
        unit* erg 1 dyn.cm
        unit* P 1 dyn.s/cm2
        unit* St 1 cm2/s
        unit* G 1e-4 T
        unit Ao 0.1 nm
        unit* m[H2O] 9.80665 kPa
        unit* m[Hg] 133.3220 kPa
        unit [in_i] 2.54 cm
        unit [ft_i] 12 [in_i]
        unit [yd_i] 3 [ft_i]
        unit [mi_i] 5280 [ft_i]
        unit [sin_i] 1 [in_i]2
        unit [sft_i] 1 [ft_i]2
        unit [syd_i] 1 [yd_i]2
        unit [cin_i] 1 [in_i]3
        unit [cft_i] 1 [ft_i]3
        unit [in_i'H2O] 1 m[H2O].[in_i]/m
        unit [in_i'Hg] 1 m[Hg].[in_i]/m
        unit [gal_us] 231 [in_i]3
        unit [qt_us] 1 [gal_us]/4
        unit [pt_us] 1 [qt_us]/2
        unit [foz_us] 1 [pt_us]/16
        unit [tbs_us] 1 [foz_us]/2
        unit [tsp_us] 1 [tbs_us]/3
        unit [cup_us] 16 [tbs_us]
        unit [foz_m] 30 mL
        unit [cup_m] 240 mL
        unit [tbs_m] 15 mL
        unit [tsp_m] 5 mL
        unit [gal_br] 4.54609 l
        unit [pt_br] 1 [gal_br]/8
        unit [foz_br] 1 [pt_br]/20
        unit [drp] 1 mL/20
        unit [gr] 64.79891 mg
        unit [lb_av] 7000 [gr]
        unit [oz_av] 1 [lb_av]/16
        unit [stone_av] 14 [lb_av]
        unit [ston_av] 2000 [lb_av]
        unit [dr_ap] 60 [gr]
        unit [oz_ap] 8 [dr_ap]
        unit [lbf_av] 1 [lb_av].[g]
        unit [psi] 1 [lbf_av]/[in_i]2
        unit* cal_IT 4.1868 J
        unit* cal_th 4.184 J
        unit* cal 1 cal_th
        unit [Cal] 1 kcal_th
        unit* g% 1 g/dl
        unit* kat 1 mol/s
        unit* U 1 umol/min
        unit [MET] 3.5 mL/min/kg
        unit [diop] 1 /m
        unit [PRU] 1 mm[Hg].s/ml
        unit [wood'U] 1 mm[Hg].min/L
        unit [Ch] 1 mm/3
        unit [S] 1 10*-13.s
        arbitrary [HPF]
        arbitrary [LPF]
        arbitrary [hnsf'U]
        arbitrary [NTU]
        arbitrary [FNU]
        arbitrary* [iU]
        unit* [IU] 1 [iU]
        arbitrary [arb'U]
        arbitrary [USP'U]
        arbitrary [GPL'U]
        arbitrary [MPL'U]
        arbitrary [APL'U]
        arbitrary [beth'U]
        arbitrary [anti'Xa'U]
        arbitrary [todd'U]
        arbitrary [dye'U]
        arbitrary [smgy'U]
        arbitrary [bdsk'U]
        arbitrary [ka'U]
        arbitrary [knk'U]
        arbitrary [mclg'U]
        arbitrary [tb'U]
        arbitrary [CCID_50]
        arbitrary [TCID_50]
        arbitrary [EID_50]
        arbitrary [PFU]
        arbitrary [FFU]
        arbitrary [CFU]
        arbitrary [IR]
        arbitrary [BAU]
        arbitrary [AU]
        arbitrary [PNU]
        arbitrary [Lf]
        arbitrary [D'ag'U]
        arbitrary [FEU]
        arbitrary [ELU]
        arbitrary [EU]
        """;

    private static readonly FrozenDictionary<string, int> s_prefixes = new Dictionary<string, int>(StringComparer.Ordinal)
    {
        ["Y"] = 24, ["Z"] = 21, ["E"] = 18, ["P"] = 15, ["T"] = 12, ["G"] = 9, ["M"] = 6, ["k"] = 3, ["h"] = 2, ["da"] = 1,
        ["d"] = -1, ["c"] = -2, ["m"] = -3, ["u"] = -6, ["n"] = -9, ["p"] = -12, ["f"] = -15, ["a"] = -18, ["z"] = -21, ["y"] = -24,
    }.ToFrozenDictionary(StringComparer.Ordinal);

    private static readonly Dictionary<string, UcumAtom> s_atoms = Read();

    /// <summary>A unit with or without prefix; null: there is none. What is a unit as it stands is read as that: <c>min</c>, <c>Pa</c>, <c>cd</c>.</summary>
    public static UcumAtom? Find(string code) => Find(code, s_atoms);

    private static UcumAtom? Find(string code, Dictionary<string, UcumAtom> atoms)
    {
        if (atoms.TryGetValue(code, out var atom))
            return atom;
        foreach (var length in (int[])[1, 2])
        {
            if (code.Length > length && s_prefixes.TryGetValue(code[..length], out var power) && atoms.TryGetValue(code[length..], out atom) && atom.IsMetric)
                return atom with { Scale = atom.Scale * Rational.Ten(power) };
        }

        return null;
    }

    private static Dictionary<string, UcumAtom> Read()
    {
        var atoms = new Dictionary<string, UcumAtom>(StringComparer.Ordinal);
        foreach (var line in Definitions.Split('\n'))
        {
            var words = line.TrimEnd('\r').Split(' ');
            var (isMetric, code) = (words[0].EndsWith('*'), words[1]);
            atoms.Add(code, words[0].TrimEnd('*') switch
            {
                "base" => new(isMetric, Rational.One, UnitDimension.Base(code)),
                "arbitrary" => new(isMetric, Rational.One, UnitDimension.Arbitrary(code)),
                _ when new UcumParser(words[3], unit => Find(unit, atoms)).Read() is { } unit => new(isMetric, Rational.Parse(words[2]) * unit.Scale, unit.Dimension),
                _ => throw new FormatException($"The definition of '{code}' cannot be read."),
            });
        }

        return atoms;
    }
}

using CsCheck;
using FederatedClinicalMl.ClinicalData;

namespace FederatedClinicalMl.Tests.ClinicalData.Terminology.Units;

public sealed class UnitConverterTests
{
    // Units that convert into each other, by dimension.
    private static readonly string[][] s_dimensions =
    [
        ["m", "cm", "mm", "[in_i]", "[ft_i]", "Ao"],
        ["kg", "g", "mg", "ug", "[lb_av]", "[oz_av]"],
        ["mmol/L", "umol/L", "mol/m3", "nmol/mL", "mosm/L"],
        ["mg/dL", "g/L", "ng/mL", "g/dL", "mg/mL", "g%"],
        ["mm[Hg]", "kPa", "cm[H2O]", "bar", "[psi]"],
        ["U/L", "nkat/L", "ukat/L", "kat/m3", "mU/mL"],
        ["10*3/uL", "10*9/L", "/nL", "{cells}/uL", "10*12/L"],
        ["s", "min", "h", "d", "wk", "mo", "a"],
        ["%", "1", "{ratio}", "[ppth]", "g/kg", "mL/dL", "mg/g"],
        ["/min", "{beats}/min", "Hz", "/h"],
        ["[iU]/L", "m[iU]/mL", "k[IU]/m3"],
        ["meq/L", "eq/m3"],
        ["mmol/mol", "umol/mmol", "mol/mol"],
        ["Cel"],
        ["[degF]"],
        ["[pH]"],
        ["[arb'U]/mL"],
    ];

    // Factors that are exact by definition: NIST SP 811 (2008), appendix B.8, and UCUM.
    [Theory]
    [InlineData("[in_i]", "cm", 2.54)]
    [InlineData("[ft_i]", "m", 0.3048)]
    [InlineData("[lb_av]", "kg", 0.45359237)]
    [InlineData("[oz_av]", "g", 28.349523125)]
    [InlineData("[gr]", "mg", 64.79891)]
    [InlineData("[gal_us]", "L", 3.785411784)]
    [InlineData("[foz_us]", "mL", 29.5735295625)]
    [InlineData("atm", "kPa", 101.325)]
    [InlineData("mm[Hg]", "Pa", 133.322)] // UCUM's value; NIST: 133.3224
    [InlineData("cm[H2O]", "Pa", 98.0665)]
    [InlineData("bar", "kPa", 100)]
    [InlineData("cal_th", "J", 4.184)]
    [InlineData("Ci", "GBq", 37)]
    [InlineData("RAD", "cGy", 1)]
    [InlineData("a", "d", 365.25)]
    [InlineData("mo", "d", 30.4375)]
    [InlineData("deg", "rad", 0.017453292519943295)]
    [InlineData("kat/L", "U/L", 60000000)]
    [InlineData("U/L", "nkat/L", 16.666666666666668)]
    [InlineData("U/L", "ukat/L", 0.016666666666666666)]
    [InlineData("g/dL", "g/L", 10)]
    [InlineData("ng/mL", "ug/L", 1)]
    [InlineData("10*3/uL", "10*9/L", 1)]
    [InlineData("10*6/uL", "10*12/L", 1)]
    [InlineData("{cells}/uL", "10*3/uL", 0.001)]
    [InlineData("mg/g", "g/kg", 1)]
    [InlineData("L/L", "%", 100)]
    [InlineData("k[iU]/L", "[IU]/mL", 1)]
    [InlineData("mosm/kg", "mmol/kg", 1)]
    // Conversion cases of UCUM's functional tests, 3-102 to 3-128, by their factor.
    [InlineData("mm", "m", 0.001)]
    [InlineData("mm", "cm", 0.1)]
    [InlineData("s.mm-2", "s.m-2", 1e6)]
    [InlineData("4.s/m", "s/m", 4)]
    [InlineData("ms/mm", "s/m", 1)]
    [InlineData("4.[pi].10*-7.N", "N", 1.2566370614359172953850573533118011536788677597500423283899778369e-6)]
    [InlineData("m[Hg]", "g.s-2.m-1", 133322000)]
    [InlineData("S", "g-1.m-2.C2.s", 0.001)]
    public void Factor_between_units_of_one_dimension_is_the_published_one_to_the_bit(string from, string to, double factor)
    {
        var conversion = UnitText.Conversion(from, to);

        Assert.NotNull(conversion);
        Assert.Equal(BitConverter.DoubleToInt64Bits(factor), BitConverter.DoubleToInt64Bits(conversion.Factor));
        Assert.Equal(factor == 1 ? UnitStep.Identity : UnitStep.Factor, conversion.Step);
    }

    // Molar masses and conventional factors: AMA Manual of Style, 11th edition, table of conversions to SI units.
    [Theory]
    [InlineData("mmol/L", "mg/dL", 180.156, 18.0156, 1e-15)] // glucose
    [InlineData("mg/dL", "mmol/L", 180.156, 0.0555, 2e-4)]
    [InlineData("mg/dL", "umol/L", 113.12, 88.4, 1e-4)] // creatinine
    [InlineData("mg/dL", "mmol/L", 386.65, 0.0259, 2e-3)] // cholesterol
    [InlineData("mg/dL", "umol/L", 584.66, 17.104, 1e-4)] // bilirubin
    [InlineData("mg/dL", "mmol/L", 40.078, 0.2495, 1e-4)] // calcium; AMA rounds to 0.25
    [InlineData("mg/dL", "mmol/L", 28.0134, 0.357, 2e-4)] // urea nitrogen
    [InlineData("mg/g", "mg/mmol", 113.12, 0.113, 2e-3)] // albumin for creatinine, by creatinine's mass (KDIGO 2012)
    [InlineData("mg/mmol", "mg/g", 113.12, 8.84, 1e-4)]
    public void Mass_and_amount_convert_by_the_molar_mass_of_the_definition(string from, string to, double molarMass, double factor, double tolerance)
    {
        Assert.Equal(UnitFault.MolarMassNeeded, UnitText.Fault(from, to));
        Assert.Equal(factor, UnitText.Conversion(from, to, (decimal)molarMass)!.Factor, factor * tolerance);
    }

    [Fact]
    public void Molar_mass_is_for_one_amount_and_not_for_two() => Assert.Equal(UnitFault.OtherDimension, UnitText.Fault("mg2/L", "mmol2/L", 180.156m));

    [Theory]
    [InlineData(0)]
    [InlineData(-180.156)]
    public void Molar_mass_that_is_none_is_refused(double molarMass) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new UnitConverter(UnitText.Unit("mmol/L"), (decimal)molarMass));

    [Theory]
    [InlineData("[degF]", "Cel", 98.6, 37)]
    [InlineData("[degF]", "Cel", 32, 0)]
    [InlineData("[degF]", "Cel", -40, -40)]
    [InlineData("Cel", "[degF]", 37, 98.6)]
    [InlineData("Cel", "[degF]", 100, 212)]
    public void Temperature_converts_by_its_rule(string from, string to, double value, double expected)
    {
        Assert.Equal(UnitFault.RuleNeeded, UnitText.Fault(from, to));
        Assert.Equal(UnitFault.RuleNeeded, UnitText.Fault(from, to, rule: UnitRule.HbA1cNgspIfcc));
        Assert.Equal(expected, UnitText.Conversion(from, to, rule: UnitRule.CelsiusFahrenheit)!.Apply(value), 1e-13);
    }

    // Pairs of the NGSP's table of conversions (https://ngsp.org/ifcc.asp), which rounds to 0.1 % and 1 mmol/mol.
    [Theory]
    [InlineData(5.0, 31)]
    [InlineData(6.0, 42)]
    [InlineData(6.5, 48)]
    [InlineData(7.0, 53)]
    [InlineData(8.0, 64)]
    [InlineData(9.0, 75)]
    [InlineData(10.0, 86)]
    [InlineData(12.0, 108)]
    public void HbA1c_converts_by_the_master_equation_where_the_definition_names_it_and_never_by_a_tenth(double ngsp, double ifcc)
    {
        var toIfcc = UnitText.Conversion("%{HbA1c}", "mmol/mol", rule: UnitRule.HbA1cNgspIfcc)!;
        var toNgsp = UnitText.Conversion("mmol/mol{Hb}", "%", rule: UnitRule.HbA1cNgspIfcc)!;

        Assert.Equal(ifcc, Math.Round(toIfcc.Apply(ngsp)));
        Assert.Equal(ngsp, Math.Round(toNgsp.Apply(ifcc), 1));
        Assert.Equal(UnitFault.RuleNeeded, UnitText.Fault("%", "mmol/mol"));
        Assert.Equal(UnitFault.RuleNeeded, UnitText.Fault("mmol/mol", "%", rule: UnitRule.CelsiusFahrenheit));
        Assert.Equal(UnitFault.OtherDimension, UnitText.Fault("mmol/mol", "1", rule: UnitRule.HbA1cNgspIfcc));
    }

    [Fact]
    public void Equivalents_are_moles_only_where_the_definition_says_that_the_ion_has_one_charge()
    {
        Assert.Equal(UnitFault.RuleNeeded, UnitText.Fault("meq/L", "mmol/L"));
        Assert.Equal(UnitStep.Identity, UnitText.Conversion("meq/L", "mmol/L", rule: UnitRule.MonovalentIon)!.Step);
        Assert.Equal(1000, UnitText.Conversion("eq/L", "mmol/L", rule: UnitRule.MonovalentIon)!.Factor);
        Assert.Equal(0.001, UnitText.Conversion("/mmol", "/ueq", rule: UnitRule.MonovalentIon)!.Factor);
        Assert.Equal(UnitStep.Identity, UnitText.Conversion("mmol/L", "mmol/L", rule: UnitRule.MonovalentIon)!.Step);
    }

    [Theory]
    [InlineData("[iU]/L", "U/L", UnitFault.Arbitrary)]
    [InlineData("U/L", "[iU]/L", UnitFault.Arbitrary)]
    [InlineData("[iU]/mL", "[arb'U]/mL", UnitFault.Arbitrary)]
    [InlineData("/[HPF]", "/uL", UnitFault.Arbitrary)]
    [InlineData("K/uL", "10*3/uL", UnitFault.OtherDimension)] // kelvin, as some exports write thousands
    [InlineData("pH", "[pH]", UnitFault.OtherDimension)] // picohenry
    [InlineData("mol/L", "/L", UnitFault.OtherDimension)] // UCUM's mole is a number, ours is not
    [InlineData("mm[Hg]", "mm", UnitFault.OtherDimension)]
    [InlineData("M/uL", "10*6/uL", UnitFault.Unparsable)]
    public void What_does_not_convert_is_refused_with_its_reason(string from, string to, UnitFault fault) => Assert.Equal(fault, UnitText.Fault(from, to));

    [Fact]
    public void Text_of_the_site_is_refused_even_where_it_reads_like_the_unit()
    {
        Assert.False(new UnitConverter(UnitText.Unit("mg/dL")).TryFrom(new Coding("", "mg/dL"), out _, out var fault));
        Assert.Equal(UnitFault.NotUcum, fault);
    }

    [Fact]
    public void Identity_returns_the_bits_that_came()
    {
        var identity = UnitText.Conversion("mmol/L{glucose}", "mol/m3")!;

        Assert.All([0.1, -0.0, double.Epsilon, double.PositiveInfinity, BitConverter.Int64BitsToDouble(0x7FF8_0000_0000_1234)], value =>
            Assert.Equal(BitConverter.DoubleToInt64Bits(value), BitConverter.DoubleToInt64Bits(identity.Apply(value))));
    }

    [Fact]
    public void Value_there_and_back_is_the_same_within_its_last_places() =>
        Gen.Select(SameDimension(2), Gen.Double[1e-6, 1e9]).Sample((units, value) =>
            Assert.Equal(value, Convert(Convert(value, units[0], units[1]), units[1], units[0]), Ulps(value, 3)));

    [Fact]
    public void Value_over_a_third_unit_is_the_value_of_the_direct_way_within_its_last_places() =>
        Gen.Select(SameDimension(3), Gen.Double[1e-6, 1e9]).Sample((units, value) =>
        {
            var direct = Convert(value, units[0], units[2]);
            Assert.Equal(direct, Convert(Convert(value, units[0], units[1]), units[1], units[2]), Ulps(direct, 4));
        });

    [Fact]
    public void Units_of_two_dimensions_never_convert_without_a_molar_mass_or_rule() =>
        Gen.Select(OneOf(s_dimensions), OneOf(s_dimensions)).Where((one, other) => one != other)
            .SelectMany((one, other) => Gen.Select(OneOf(one), OneOf(other)))
            .Sample((from, to) => Assert.Null(UnitText.Conversion(from, to)));

    [Fact]
    public void Factor_is_the_exact_quotient_rounded_once() =>
        Gen.Select(Gen.Int[1, 999_999_999], Gen.Int[1, 999_999_999], Gen.Int[-30, 30]).Sample((numerator, denominator, power) =>
        {
            // 40 digits of the quotient, read by the runtime, which rounds correctly.
            var digits = System.Numerics.BigInteger.Pow(10, 60) * numerator / denominator;
            var expected = double.Parse($"{digits}e{power - 60}", System.Globalization.CultureInfo.InvariantCulture);

            Assert.Equal(expected, UnitText.Conversion($"{numerator}.10*{power}.g", $"{denominator}.g")!.Factor);
        });

    [Fact]
    public void Names_of_rules_stand_for_every_rule_but_none() =>
        Assert.Equal(Enum.GetValues<UnitRule>().Where(rule => rule != UnitRule.None), UnitRules.ByName.Values.Order());

    private static Gen<T> OneOf<T>(T[] items) => Gen.Int[0, items.Length - 1].Select(i => items[i]);

    private static Gen<string[]> SameDimension(int count) => OneOf(s_dimensions).SelectMany(units => OneOf(units).Array[count]);

    private static double Convert(double value, string from, string to) => UnitText.Conversion(from, to)!.Apply(value);

    private static double Ulps(double value, int count) => count * (Math.BitIncrement(value) - value);
}

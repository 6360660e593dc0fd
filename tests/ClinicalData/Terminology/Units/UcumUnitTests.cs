using CsCheck;
using FederatedClinicalMl.ClinicalData;

namespace FederatedClinicalMl.Tests.ClinicalData.Terminology.Units;

public sealed class UcumUnitTests
{
    // The first two groups: validation cases of UCUM's functional tests (https://ucum.org/docs/functional-tests), as far as they name units
    // that are known here. The last: codes of FHIR's common UCUM units, and what the data sets of this project use.
    [Theory]
    [InlineData("m", "/m", "10*3/ul", "10*-3/ul", "10*+3/ul", "m[H2O]", "10*23", "rad2", "m3.kg-1.s-2", "4.[pi].10*-7.N/A2", "rad2{錠}", "{錠}rad2{錠}", "1{錠}", "{錠}1", "{錠}", "%")]
    [InlineData("[in_i]", "[lb_av]", "[oz_av]", "[tsp_us]", "1/min", "cm2", "g/d", "meq", "mm[Hg]", "mo", "U/l", "/[HPF]", "/mmol", "[GPL'U]", "10*12/L", "Cel", "kU/L", "L/L", "nmol/h/mL", "umol/2.h", "mm/h")]
    [InlineData("mL/min/{1.73_m2}", "{score}", "{beats}/min", "m[IU]/L", "10^6/uL", "cm[H2O]", "ng/mL{FEU}", "mg/(kg.d)", "g%", "mosm/kg", "ueq/L", "[degF]", "[pH]", "cal_th", "(m)", "a_j", "wk", "[in_i'H2O]")]
    public void Unit_of_ucum_is_read(params string[] codes) => Assert.All(codes, code => Assert.True(UcumUnit.TryParse(code, out _), code));

    [Theory]
    [InlineData("", "m/", "10+3/ul", "iU", "molv", "[BETH'U]", "g/12h", "mmol/kg[H20]", "IU/L", "units", "(score)", "M/uL", "mg/dL ", "mg / dL", "MG/DL", "Mmol/L/", "//m", "m..s", "(m", "m)", "()")]
    [InlineData("{score", "score}", "{a{b}}", "mmin", "k%", "m[in_i]", "[in_i", "in_i]", "m-", "m+", "2m", "-1", "1e3", "0", "m100", "10*400", "Ym99", "(Ym9)2", "mm Hg", "°C", "µmol/L")]
    public void What_ucum_does_not_know_is_no_unit(params string[] codes) => Assert.All(codes, code => Assert.False(UcumUnit.TryParse(code, out _), code));

    [Theory]
    [InlineData("mL/min/1.73")]
    [InlineData("mL/min/1.73.m2")]
    [InlineData("mL/min/1.73{m2}")]
    public void Decimal_number_in_a_unit_is_refused_and_not_read_as_a_product(string code) => Assert.False(UcumUnit.TryParse(code, out _));

    [Fact]
    public void Unit_that_looks_like_a_prefix_and_another_is_read_as_itself()
    {
        Assert.Equal(60, UnitText.Conversion("min", "s")!.Factor); // not milli-inch
        Assert.Equal(0.001, UnitText.Conversion("Pa", "kPa")!.Factor); // not peta-year
        Assert.Null(UnitText.Conversion("cd", "d")); // not a hundredth of a day
    }

    [Theory]
    [InlineData("s/m/g", "s.m-1.g-1")]
    [InlineData("m/s.g", "g.m/s")] // from left to right: (m/s).g
    [InlineData("m/(s.g)", "m/s/g")]
    [InlineData("/m/s", "m-1.s-1")]
    [InlineData("mg/(kg.d)", "mg/kg/d")]
    public void Solidus_divides_by_what_follows_it_alone(string one, string other) => Assert.Equal(UnitStep.Identity, UnitText.Conversion(one, other)?.Step);

    [Fact]
    public void Any_text_is_read_or_refused_without_a_fault() =>
        Gen.OneOf(Gen.String, Gen.String[Gen.Char["mgLd10*./()[]{}-+%'µ "], 0, 200]).Sample(text => { _ = UcumUnit.TryParse(text, out _); });

    [Theory]
    [InlineData("", "mg/dL", UnitFault.NotUcum)]
    [InlineData("urn:oid:2.16.840.1.113883.6.8", "mg/dl", null)]
    [InlineData("http://unitsofmeasure.org", "mg/dL", null)]
    [InlineData("http://unitsofmeasure.org", "units", UnitFault.Unparsable)]
    [InlineData("http://unitsofmeasure.org", "", UnitFault.Unparsable)]
    public void Unit_of_a_source_is_read_only_where_it_says_that_it_is_ucum(string system, string code, UnitFault? fault)
    {
        var isUnit = UcumUnit.TryParse(new Coding(system, code), out _, out var found);

        Assert.Equal(fault is null, isUnit);
        Assert.Equal(fault, isUnit ? null : found);
    }

    [Fact]
    public void Number_without_any_unit_is_not_understood()
    {
        Assert.False(UcumUnit.TryParse(default(Coding), out _, out var fault));
        Assert.Equal(UnitFault.NotUcum, fault);
    }

    [Fact]
    public void Every_fault_has_a_sentence() => Assert.All(Enum.GetValues<UnitFault>(), fault => Assert.NotEmpty(fault.Sentence()));
}

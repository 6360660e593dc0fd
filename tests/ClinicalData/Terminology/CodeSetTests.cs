using System.Collections.Immutable;
using CsCheck;
using FederatedClinicalMl.ClinicalData;

namespace FederatedClinicalMl.Tests.ClinicalData.Terminology;

public sealed class CodeSetTests
{
    private const string Hospital = "http://hospital.example/lab";

    [Theory]
    [InlineData(CodeSystems.Icd10, "I21.4", CodeSystems.Icd10, "I214", true)]
    [InlineData(CodeSystems.Icd10, "I214", CodeSystems.Icd10, "I21.4", true)]
    [InlineData(CodeSystems.Icd9, "410.71", CodeSystems.Icd9, "41071", true)]
    [InlineData(CodeSystems.Icd10, "I21*", CodeSystems.Icd10, "I21", true)]
    [InlineData(CodeSystems.Icd10, "I21*", CodeSystems.Icd10, "I21.4", true)]
    [InlineData(CodeSystems.Icd10, "I21*", CodeSystems.Icd10, "I214", true)]
    [InlineData(CodeSystems.Icd10, "I21.4*", CodeSystems.Icd10, "I21.41", true)]
    [InlineData(CodeSystems.Icd10, "I21.4*", CodeSystems.Icd10, "I21.9", false)]
    [InlineData(CodeSystems.Icd10, "I21*", CodeSystems.Icd10, "I2", false)]
    [InlineData(CodeSystems.Icd10, "I21", CodeSystems.Icd10, "I21.4", false)]
    [InlineData(CodeSystems.Icd10, "I21*", CodeSystems.Icd10Cm, "I21.4", false)]
    [InlineData(CodeSystems.Icd10, "I21*", "", "I21.4", false)]
    [InlineData("urn:oid:2.16.840.1.113883.6.90", "I21*", "http://hl7.org/fhir/sid/icd-10-us", "I21.4", true)]
    [InlineData(CodeSystems.Snomed, "22298006", "http://snomed.info/sct/900000000000207008/version/20240101", "22298006", true)]
    [InlineData(CodeSystems.Loinc, "2345-7", CodeSystems.Loinc, "2345-7", true)]
    [InlineData(CodeSystems.Loinc, "2345-7", CodeSystems.Loinc, "2345-70", false)]
    [InlineData("", "K.1", "", "K1", false)] // points mean nothing in ICD alone
    [InlineData("", "GLU", "", "glu", false)]
    [InlineData(Hospital, "GLU", Hospital, "GLU", true)]
    [InlineData(Hospital, "GLU", "", "GLU", false)]
    public void Code_belongs_as_its_system_compares_codes(string system, string code, string otherSystem, string other, bool belongs) =>
        Assert.Equal(belongs, new CodeSet([(system, code)]).Contains([new(otherSystem, other)]));

    [Fact]
    public void Concept_belongs_as_soon_as_one_of_its_codings_does_and_an_empty_one_never()
    {
        var codes = new CodeSet([(CodeSystems.Loinc, "2345-7"), (CodeSystems.Icd10, "E1*")]);

        Assert.True(codes.Contains([new("", "GLU"), new(CodeSystems.Loinc, "2345-7")]));
        Assert.True(codes.Contains([new(CodeSystems.Icd10, "E11.9")]));
        Assert.False(codes.Contains([new("", "GLU"), new(CodeSystems.Loinc, "2339-0")]));
        Assert.False(codes.Contains([]));
    }

    [Theory]
    [InlineData(CodeSystems.Snomed, "2229*")]
    [InlineData("", "GLU*")]
    [InlineData(CodeSystems.Icd10, "*")]
    [InlineData(CodeSystems.Icd10, "I*1")]
    [InlineData(CodeSystems.Icd10, "I21**")]
    [InlineData(CodeSystems.Loinc, "")]
    [InlineData(CodeSystems.Loinc, " 2345-7")]
    public void Code_that_cannot_be_meant_is_refused_and_named(string system, string code)
    {
        Assert.NotNull(CodeSet.Fault(system, code));
        Assert.Contains(CodeSet.Fault(system, code)!, Assert.Throws<ArgumentException>(() => new CodeSet([(CodeSystems.Loinc, "2345-7"), (system, code)])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Set_without_codes_is_refused() => Assert.Throws<ArgumentException>(() => new CodeSet([]));

    [Fact]
    public void Dictionary_is_compiled_to_what_each_of_its_concepts_says() =>
        Gen.String[Gen.Char["012."], 1, 5]
            .Select(Gen.Int[0, 3], (code, system) => new Coding(CodeSystems.Names[system].Address, code))
            .Array[1, 3].Array[0, 20].Select(concepts => concepts.Select(ImmutableArray.Create).ToArray())
            .Sample(concepts =>
            {
                var codes = new CodeSet([(CodeSystems.Loinc, "01"), (CodeSystems.Icd10, "1*"), (CodeSystems.Icd9, "0.1")]);

                Assert.Equal(concepts.Select(concept => concept.Any(coding => coding switch
                {
                    (CodeSystems.Loinc, var code) => code == "01",
                    (CodeSystems.Icd10, var code) => code.TrimStart('.').StartsWith('1'),
                    (CodeSystems.Icd9, var code) => code.Where(c => c != '.').SequenceEqual("01"),
                    _ => false,
                })), concepts.Select(concept => codes.Contains(concept.AsSpan())));
            });
}

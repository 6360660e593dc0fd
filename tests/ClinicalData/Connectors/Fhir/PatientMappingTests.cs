using FederatedClinicalMl.ClinicalData;

namespace FederatedClinicalMl.Tests.ClinicalData.Connectors.Fhir;

public sealed class PatientMappingTests
{
    [Fact]
    public void Patient_gives_birth_sex_and_death()
    {
        var sink = Read("'birthDate':'1956-08-03','gender':'female','deceasedDateTime':'2007-03-25T19:08:38+02:00'");

        Assert.Equal("p9", sink.PatientName(sink.Events.First().Patient));
        var birth = sink.Only(EventKind.Birth);
        Assert.Equal("1956-08-03T23:59:59.999999Z", birth.Time.ToString());
        Assert.Equal((birth.Time, ClinicalTime.None, EventFlags.DateOnly), (birth.Available, birth.End, birth.Flags));
        var sex = sink.Only(EventKind.Sex);
        Assert.Equal((birth.Time, birth.Time, -1), (sex.Time, sex.Available, sex.Concept));
        Assert.Equal($"{CodeSystems.Gender}|female", sink.Text(sex.Value));
        var death = sink.Only(EventKind.Death);
        Assert.Equal("2007-03-25T17:08:38Z", death.Time.ToString());
        Assert.Equal((death.Time, EventFlags.None), (death.Available, death.Flags));
        Assert.Equal(EventKeys.RecordKey(EventKind.Birth, "p9"u8), Assert.Single(sink.Added).Record.Key);
    }

    [Theory]
    [InlineData("1956", "1956-12-31T23:59:59.999999Z")]
    [InlineData("1956-02", "1956-02-29T23:59:59.999999Z")]
    [InlineData("1956-02-28", "1956-02-28T23:59:59.999999Z")]
    public void Birth_stands_for_the_end_of_what_dates_it(string date, string time) => Assert.Equal(time, Read($"'birthDate':'{date}'").Only(EventKind.Birth).Time.ToString());

    [Fact]
    public void Day_ends_when_it_ends_at_the_hospital() =>
        Assert.Equal("1956-08-03T21:59:59.999999Z", Read("'birthDate':'1956-08-03'", TimeZoneInfo.CreateCustomTimeZone("x", TimeSpan.FromHours(2), "x", "x")).Only(EventKind.Birth).Time.ToString());

    [Theory]
    [InlineData("male")]
    [InlineData("other")]
    [InlineData("unknown")]
    public void Sex_is_known_before_all_where_the_birth_is_not(string gender)
    {
        var sex = Assert.Single(Read($"'gender':'{gender}'").Events);

        Assert.Equal(("1900-01-01T00:00:00Z", "1900-01-01T00:00:00Z"), (sex.Time.ToString(), sex.Available.ToString()));
    }

    [Fact]
    public void Patient_of_whom_nothing_is_said_is_one_nevertheless()
    {
        var sink = Read("'active':true");

        Assert.Equal((1, 1), (sink.Patients, sink.Added.Count));
        Assert.Empty(sink.Events);
    }

    [Fact]
    public void Death_without_time_is_noted_and_no_event()
    {
        var sink = Read("'deceasedBoolean':true");

        Assert.Empty(sink.Events);
        Assert.Equal([(RecordNote.AvailabilityUnknown, "deceasedBoolean")], sink.NotesOf());
        Assert.Empty(Read("'deceasedBoolean':false").Notes);
    }

    [Theory]
    [InlineData("'gender':'weiblich'", RecordFault.CodeUnknown, "gender")]
    [InlineData("'birthDate':'03.08.1956'", RecordFault.NotADate, "birthDate")]
    [InlineData("'deceasedDateTime':'2007-03-25T19:08'", RecordFault.NotADate, "deceasedDateTime")]
    public void Patient_with_a_fault_is_refused_and_declares_nobody(string elements, RecordFault fault, string element)
    {
        var sink = Read(elements);

        Assert.Equal((fault, element), sink.Refusal());
        Assert.Equal((0, 0), (sink.Patients, sink.Added.Count));
    }

    private static RecordingSink Read(string elements, TimeZoneInfo? zone = null)
    {
        using var export = new FhirExport().With("Patient.ndjson", $"{{'resourceType':'Patient','id':'p9',{elements}}}");
        return export.Read(zone: zone);
    }
}

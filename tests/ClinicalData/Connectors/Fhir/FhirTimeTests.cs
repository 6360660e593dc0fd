using System.Globalization;
using CsCheck;
using FederatedClinicalMl.ClinicalData;

namespace FederatedClinicalMl.Tests.ClinicalData.Connectors.Fhir;

public sealed class FhirTimeTests
{
    [Theory]
    [InlineData("2020", "2020-12-31T23:59:59.999999Z")]
    [InlineData("2021-02", "2021-02-28T23:59:59.999999Z")]
    [InlineData("2020-02-29", "2020-02-29T23:59:59.999999Z")]
    [InlineData("2020-01-02T03:04:05Z", "2020-01-02T03:04:05Z")]
    [InlineData("2020-01-02T03:04:05.6Z", "2020-01-02T03:04:05.6Z")]
    [InlineData("2020-01-02T03:04:05.123456789Z", "2020-01-02T03:04:05.123456Z")]
    [InlineData("2020-01-02T03:04:05+00:00", "2020-01-02T03:04:05Z")]
    [InlineData("2020-01-02T03:04:05-05:30", "2020-01-02T08:34:05Z")]
    [InlineData("2020-01-02T03:04:05.25+14:00", "2020-01-01T13:04:05.25Z")]
    [InlineData("2016-12-31T23:59:60Z", "2017-01-01T00:00:00Z")]
    [InlineData("0001-01-01T00:00:00+14:00", "0001-01-01T00:00:00Z")]
    [InlineData("9999-12-31T23:59:59-14:00", "9999-12-31T23:59:59.999999Z")]
    [InlineData("9999-12-31", "9999-12-31T23:59:59.999999Z")]
    public void Date_or_time_of_fhir_is_read(string text, string time) => Assert.Equal(time, Read(text).Only(EventKind.Procedure).Time.ToString());

    [Theory]
    [InlineData("")]
    [InlineData("20")]
    [InlineData("20200")]
    [InlineData("0000")]
    [InlineData("2020-")]
    [InlineData("2020-1")]
    [InlineData("2020-13")]
    [InlineData("2020-00")]
    [InlineData("2021-02-29")]
    [InlineData("2020-01-00")]
    [InlineData("2020-01-01 ")]
    [InlineData("20200101")]
    [InlineData("2020/01/01")]
    [InlineData("01.02.2020")]
    [InlineData("2020-01-01T")]
    [InlineData("2020-01T10:00:00Z")]
    [InlineData("2020-01-01T10Z")]
    [InlineData("2020-01-01T10:00Z")]
    [InlineData("2020-01-01T10:00:00")]
    [InlineData("2020-01-01 10:00:00Z")]
    [InlineData("2020-01-01t10:00:00z")]
    [InlineData("2020-01-01T24:00:00Z")]
    [InlineData("2020-01-01T10:60:00Z")]
    [InlineData("2020-01-01T10:00:61Z")]
    [InlineData("2020-01-01T10:00:00.Z")]
    [InlineData("2020-01-01T10:00:00,5Z")]
    [InlineData("2020-01-01T10:00:00+1:00")]
    [InlineData("2020-01-01T10:00:00+0100")]
    [InlineData("2020-01-01T10:00:00+14:01")]
    [InlineData("2020-01-01T10:00:00+15:00")]
    [InlineData("2020-01-01T10:00:00ZZ")]
    [InlineData("２０２０")]
    public void Date_or_time_in_another_format_is_refused(string text) => Assert.Equal((RecordFault.NotADate, "performedDateTime"), Read(text).Refusal());

    [Fact]
    public void Date_that_is_no_string_is_refused()
    {
        var sink = FhirExport.ReadOne("Procedure", "{'resourceType':'Procedure','id':'x','code':{'text':'a'},'subject':{'reference':'Patient/p1'},'performedDateTime':2020}");

        Assert.Equal((RecordFault.NotADate, "performedDateTime"), sink.Refusal());
    }

    [Fact]
    public void Day_ends_where_the_hospitals_clock_says() => Gen.Select(Gen.DateOnly[new DateOnly(2, 1, 1), new DateOnly(9998, 12, 31)], Gen.Int[-14, 14]).Sample((day, hours) =>
    {
        var zone = TimeZoneInfo.CreateCustomTimeZone("x", TimeSpan.FromHours(hours), "x", "x");
        Assert.Equal(new ClinicalClock(zone).EndOfDay(day), InBundle(day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture), zone));
    }, iter: 500);

    [Fact]
    public void Moment_that_is_written_is_read_again() =>
        Gen.Select(Gen.DateTime[new DateTime(2, 1, 1), new DateTime(9998, 12, 31)], Gen.Int[-14 * 60, 14 * 60]).Sample((moment, minutes) =>
        {
            var time = new DateTimeOffset(DateTime.SpecifyKind(moment, DateTimeKind.Unspecified), TimeSpan.FromMinutes(minutes));
            Assert.Equal(ClinicalTime.Of(time), InBundle(time.ToString("yyyy-MM-dd'T'HH:mm:ss.fffffffzzz", CultureInfo.InvariantCulture), TimeZoneInfo.Utc));
        }, iter: 2000);

    // A moment's way in where no file is needed.
    private static ClinicalTime InBundle(string text, TimeZoneInfo zone)
    {
        var sink = new RecordingSink();
        FhirBundle.Read(
            FhirExport.Json($"{{'resourceType':'Bundle','entry':[{{'resource':{{'resourceType':'Patient','id':'p','deceasedDateTime':'{text}'}}}}]}}"), sink, new ClinicalClock(zone));
        return sink.Only(EventKind.Death).Time;
    }

    private static RecordingSink Read(string text) =>
        FhirExport.ReadOne("Procedure", $"{{'resourceType':'Procedure','id':'x','code':{{'text':'a'}},'subject':{{'reference':'Patient/p1'}},'performedDateTime':'{text}'}}");
}

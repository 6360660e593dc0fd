using CsCheck;
using FederatedClinicalMl.Learning;

namespace FederatedClinicalMl.Tests.Learning.Monitoring;

public sealed class ReportScheduleTests
{
    [Fact]
    public void Windows_of_any_schedules_one_after_the_other_never_share_a_day_and_are_over_when_they_are_told() =>
        Gen.Select(Gen.OneOf(Enum.GetValues<ReportSchedule>()), Gen.Int[0, 45]).Array[1, 12].Sample(changes =>
        {
            var (today, told) = (Reports.Monday, new List<ReportWindow>());
            foreach (var (schedule, days) in changes)
            {
                today = today.AddDays(days);
                var ripe = schedule.Ripe(Enumerable.Range(0, 500).Select(day => Reports.Monday.AddDays(day)).Where(day => day <= today), told, today);
                Assert.All(ripe, window => Assert.True(window.To.AddDays(2) <= today));
                told.AddRange(ripe);
            }

            var all = told.OrderBy(window => window.From).ToList();
            Assert.All(all.Zip(all.Skip(1)), pair => Assert.True(pair.First.To < pair.Second.From));
        });

    [Theory]
    [InlineData("2000-12-31", false)]
    [InlineData("2001-01-01", true)]
    [InlineData("2999-12-31", true)]
    [InlineData("3000-01-01", false)]
    [InlineData("9999-12-31", false)]
    [InlineData("0001-01-01", false)]
    public void Day_is_read_only_where_its_week_and_month_can_be_too(string text, bool isRead)
    {
        Assert.Equal(isRead, CalendarDay.TryParse(text, out var day));
        if (!isRead)
            return;
        foreach (var schedule in new[] { ReportSchedule.Daily, ReportSchedule.Weekly, ReportSchedule.Monthly })
            Assert.True(CalendarDay.TryParse(CalendarDay.Text(schedule.WindowOf(day).From), out _));
    }

    [Fact]
    public void Week_begins_on_Monday_and_is_told_a_day_after_its_Sunday_is_over()
    {
        DateOnly[] days = [new(2027, 3, 3)];
        var week = new ReportWindow(new(2027, 3, 1), new(2027, 3, 7));

        Assert.Equal([week], ReportSchedule.Weekly.Ripe(days, [], new(2027, 3, 9)));
        Assert.Empty(ReportSchedule.Weekly.Ripe(days, [], new(2027, 3, 8)));
        Assert.Equal(new ReportWindow(new(2028, 2, 1), new(2028, 2, 29)), ReportSchedule.Monthly.WindowOf(new(2028, 2, 17)));
    }

    [Fact]
    public void Week_of_which_a_day_was_told_is_not_told_again()
    {
        DateOnly[] days = [new(2027, 3, 3), new(2027, 3, 10)];

        Assert.Equal([new ReportWindow(new(2027, 3, 8), new(2027, 3, 14))], ReportSchedule.Weekly.Ripe(days, [new(new(2027, 3, 3), new(2027, 3, 3))], new(2027, 4, 1)));
    }
}

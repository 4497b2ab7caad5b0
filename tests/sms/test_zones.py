"""From a number to the zones in all of which it must be a good time to send."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from service import sms
from service.sms.zones import clocks

WINTER = datetime(2026, 2, 3, 9, tzinfo=UTC)


def candidates(number, zone="America/New_York", country="US", at=WINTER):
    return sms.candidate_zones(number, at=at, account_zone=zone, account_country=country)


def test_a_number_of_one_zone_gives_this_zone():
    assert sms.zones("+12025550143") == ("America/New_York",)


@pytest.mark.parametrize(
    ("area", "zones"),
    [
        ("423", {"America/New_York", "America/Chicago"}),
        ("850", {"America/New_York", "America/Chicago"}),
        ("906", {"America/New_York", "America/Menominee"}),
        ("308", {"America/Chicago", "America/Denver"}),
        ("541", {"America/Los_Angeles", "America/Boise"}),
        ("208", {"America/Boise", "America/Los_Angeles"}),
    ],
)
def test_a_split_area_code_gives_both_zones(area, zones):
    assert set(candidates(f"+1{area}5550143")) == zones


def test_every_zone_of_the_table_exists():
    from service.sms.zones import _split_area_codes

    for area, names in _split_area_codes().items():
        assert len(area) == 3
        assert len([ZoneInfo(name) for name in names]) > 1
        assert set(sms.zones(f"+1{area}5550143")) >= set(names)


def test_toll_free_tells_nothing_so_the_account_decides():
    assert candidates("+18005550143", "America/Denver") == ("America/Denver",)
    assert candidates("+18005550143", "America/Toronto", "CA") == ("America/Toronto",)


def test_toll_free_for_an_account_elsewhere_means_both_coasts():
    assert candidates("+18005550143", "Europe/Paris", "FR") == ("America/New_York", "America/Los_Angeles")


def test_four_names_with_one_clock_are_candidates_as_they_are():
    assert len(candidates("+447911123456")) == 4
    assert clocks(sms.zones("+447911123456"), WINTER) == 1


def test_many_clocks_of_another_country_are_all_kept():
    assert len(candidates("+61412345678")) > 4
    assert candidates("+61412345678", "Australia/Sydney", "AU") == ("Australia/Sydney",)


def test_what_is_no_number_is_left_to_the_account():
    assert sms.zones("nonsense") == ()
    assert candidates("nonsense", "Europe/Paris", "FR") == ("Europe/Paris",)
    assert candidates("+80012345678", "Europe/Paris", "FR") == ("Europe/Paris",)


def test_clocks_are_compared_over_a_week_so_that_a_change_of_clocks_shows():
    before_the_change = datetime(2026, 3, 6, 12, tzinfo=UTC)
    assert clocks(["America/Phoenix", "America/Denver"], WINTER) == 1
    assert clocks(["America/Phoenix", "America/Denver"], before_the_change) == 2

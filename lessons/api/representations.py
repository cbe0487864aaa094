"""The school's own data as the API answers it."""

from django.utils.timezone import localtime

from lessons import codes
from lessons.api.answers import EnrolmentJson, GroupJson, OwnedJson, PlannedAbsenceJson, SchoolJson, StudentJson
from lessons.models import Enrolment, Group, PlannedAbsence, School, Student
from lessons.models.base import Owned
from lessons.models.permissions import Access


def school_json(school: School) -> SchoolJson:
    return {
        "id": school.pk,
        "name": school.name,
        "urn": school.urn,
        "nation": school.nation,
        "local_authority": school.local_authority.name,
        "time_zone": school.time_zone,
        **_owned(school),
    }


def group_json(group: Group) -> GroupJson:
    return {
        "id": group.pk,
        "school_id": group.school_id,
        "name": group.name,
        "year_group": group.year_group,
        **_owned(group),
    }


def student_json(student: Student, reader: Access) -> StudentJson:
    return {
        "id": student.pk,
        "school_id": student.school_id,
        "upn": reader.upn_of(student),
        "name": student.name,
        "legal_name": student.legal_name,
        "preferred_name": student.preferred_name,
        "year_group": student.year_group,
        "on_roll_from": student.on_roll_from,
        "on_roll_until": student.on_roll_until,
        **_owned(student),
    }


def enrolment_json(enrolment: Enrolment) -> EnrolmentJson:
    return {
        "id": enrolment.pk,
        "school_id": enrolment.school_id,
        "student_id": enrolment.student_id,
        "group_id": enrolment.group_id,
        "starts_on": enrolment.starts_on,
        "ends_on": enrolment.ends_on,
        **_owned(enrolment),
    }


def planned_absence_json(plan: PlannedAbsence, reader: Access) -> PlannedAbsenceJson:
    return {
        "id": plan.pk,
        "school_id": plan.school_id,
        "student_id": plan.student_id,
        "first_day": plan.first_day,
        "last_day": plan.last_day,
        "from_time": plan.from_time,
        "until_time": plan.until_time,
        "code": plan.code,
        "title": codes.title(plan.code),
        "reason": reader.reason_of(plan),
        "by": plan.by,
        "made_at": localtime(plan.made_at),
        **_owned(plan),
    }


def _owned(row: Owned) -> OwnedJson:
    return {"source": row.source, "external_id": row.external_id, "updated_at": localtime(row.updated_at)}
